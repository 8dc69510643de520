"""The parameters of one request after validation."""

from collections.abc import Iterator
from typing import Any

from sandbox.errors import EmptyRefused


class Params:
    """Parameters that remember what was read of them.

    Stripe has many more than the sandbox plays. A parameter that nobody read is refused at the end of the
    request (`unread`), so that none is ever ignored in silence.
    """

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path
        self._read: set[str] = set()
        self._nested: dict[str, list[Params]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def get(self, name: str, default: Any = None) -> Any:
        """The value with everything in it, or the default if it was not sent. None: it was sent empty."""
        self._read.add(name)
        return self._values.get(name, default)

    def filled(self, name: str) -> Any:
        """The value, which must not have been sent empty. Raises EmptyRefused."""
        if name in self._values and self._values[name] is None:
            raise EmptyRefused(self._full(name))
        return self.get(name)

    def given(self, *names: str) -> dict[str, Any]:
        """Those of the names that were sent, with their values."""
        return {name: self.get(name) for name in names if name in self._values}

    def nested(self, name: str) -> "Params":
        """The hash of that name, its parts to be read one by one; empty if it was not sent."""
        return next(self._open(name, [self._values.get(name) or {}]))

    def merged(self, name: str, *beside: str) -> "Params":
        """The hash of that name together with some parameters beside it, as if all had been sent in one."""
        both = Params({**(self.get(name) or {}), **self.given(*beside)})
        self._nested[f"{name} and {beside}"] = [both]
        return both

    def each(self, name: str) -> Iterator["Params"]:
        """The hashes of the list of that name."""
        return self._open(name, self._values.get(name) or [])

    def unread(self) -> list[str]:
        """Names nobody asked for, as the client wrote them."""
        missed = [self._full(name) for name in self._values if name not in self._read]
        return missed + [name for parts in self._nested.values() for part in parts for name in part.unread()]

    def _open(self, name: str, values: list[dict[str, Any]]) -> Iterator["Params"]:
        if name not in self._nested:
            self._read.add(name)
            listed = isinstance(self._values.get(name), list)
            self._nested[name] = [
                Params(value, f"{self._full(name)}[{index}]" if listed else self._full(name))
                for index, value in enumerate(values)
            ]
        return iter(self._nested[name])

    def _full(self, name: str) -> str:
        return f"{self._path}[{name}]" if self._path else name
