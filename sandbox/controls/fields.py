"""The fields of a control's request, read one by one; each refusal names the field and says what to send instead."""

from collections.abc import Mapping, Sequence
from typing import Any, Never

from sandbox.work import Object, Work


class Refused(Exception):
    """The control does not take this; the message is for whoever sent it."""


class Fields:
    """A JSON object, or a form whose empty fields count as left out."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {name: value for name, value in values.items() if value not in ("", None)}
        self._read: set[str] = set()

    def text(self, name: str, default: str | None = None) -> str:
        """A text; the field may be left out if it has a default."""
        value = self._get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            self.refuse(name, "must be a text" if value is not None else "is missing: send it")
        return value.strip()

    def optional(self, name: str) -> str | None:
        """A text, or None if it was left out."""
        return self.text(name) if self._get(name) is not None else None

    def choice(self, name: str, words: Sequence[str], default: str | None = None) -> str:
        """One of these words."""
        value = self.text(name, default)
        if value not in words:
            self.refuse(name, f"is {value!r}: send one of {', '.join(words)}")
        return value

    def integer(self, name: str, default: int | None, least: int, most: int) -> int:
        """A whole number in this range, as a number or in digits."""
        value = self._get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(name, f"must be a whole number from {least} to {most}")
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """A number in this range, as a number or in digits."""
        value = self._get(name)
        if value is None:
            return default
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not least <= number <= most:
            self.refuse(name, f"must be a number from {least:g} to {most:g}")
        return number

    def truth(self, name: str, *, default: bool) -> bool:
        """True or false, as such or as a word."""
        value = self._get(name)
        if value is None:
            return default
        if value not in (True, False, "true", "false"):
            self.refuse(name, "must be true or false")
        return value in (True, "true")

    def has(self, name: str) -> bool:
        """Whether it was sent."""
        return self._get(name) is not None

    def raw(self, name: str) -> Any:
        """What was sent, whatever it is."""
        return self._get(name)

    def object(self, work: Work, kind: str, name: str | None = None) -> Object:
        """The object whose id the field holds; the field is named like its kind unless `name` says otherwise."""
        name = name or kind
        id = self.text(name)
        found = work.find(kind, id)
        if found is None:
            self.refuse(name, f"is {id!r}, and there is no such {kind.replace('_', ' ')}: send the id of one")
        return found

    def refuse(self, name: str, fault: str) -> Never:
        """Say what is wrong with a field."""
        raise Refused(f"`{name}` {fault}.")

    def refuse_others(self) -> None:
        """No field may be sent that nobody reads."""
        if unread := [name for name in self._values if name not in self._read]:
            self.refuse(unread[0], f"means nothing here: leave it out, or send {', '.join(sorted(self._read))}")

    def _get(self, name: str) -> Any:
        self._read.add(name)
        return self._values.get(name)
