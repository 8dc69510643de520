"""One thing that was looked at."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How well it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """What was looked at (`check` is a word for programs), how well it is, and, where it is not, how to mend it."""

    check: str
    what: str
    level: Level = Level.OK
    cure: str | None = None

    def __str__(self) -> str:
        line = f"{self.level:8} {self.what}"
        return line if self.cure is None else f"{line}\n{'':9}{self.cure}"

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def warning(check: str, what: str, cure: str) -> Finding:
    """It works, and could be trouble."""
    return Finding(check, what, Level.WARNING, cure)


def failure(check: str, what: str, cure: str) -> Finding:
    """It does not work, or must not go on like this."""
    return Finding(check, what, Level.FAILURE, cure)
