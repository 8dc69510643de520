"""A control: an address under /_sandbox, and the function behind it."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.controls.fields import Fields
from sandbox.work import Object, Work

Act = Callable[[Work, Fields], Object]
"""Does one thing within one transaction; what became of it, as JSON."""


@dataclass(frozen=True)
class Control:
    """`{method} /_sandbox/{path}`."""

    path: str
    act: Act
    method: str = "POST"

    @property
    def url(self) -> str:
        """Where it is on the sandbox."""
        return f"/_sandbox/{self.path}"
