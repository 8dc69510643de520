"""Bad weather on request: answers that do not come, faults, limits, and deliveries that go astray.

It lasts until its times are used up, it is cleared, or the sandbox stops.
"""

import random
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Generic, TypeVar

from sandbox.ids import new_id

FOR_REQUESTS = ("rate_limit", "lock_timeout", "server_error", "close", "timeout", "forbidden")
"""Answer 429 or 500, close the connection instead of answering, answer late and then close it, or answer 403 as to a
restricted key without the permission."""
FOR_DELIVERIES = ("drop", "lose", "delay", "duplicate", "reorder")
"""Never send (drop: as one that failed for good; lose: as one that arrived), send late, twice, or in another order."""


@dataclass
class Spell:
    """Weather of one sort.

    `times`: how often it still strikes, for ever if None; `rate`: at what share of what it matches, chosen by `seed`.
    """

    what: str
    times: int | None
    rate: float
    seed: int
    id: str = field(default_factory=lambda: new_id("weather", 8))

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 (repeatable, not secret)

    def strikes(self) -> bool:
        """Whether it strikes this time."""
        if self.times == 0 or self._random.random() >= self.rate:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def chance(self) -> float:
        """A number from 0 to 1, the same sequence for the same seed."""
        return self._random.random()

    def shown(self) -> dict[str, Any]:
        """It as JSON."""
        return asdict(self)


@dataclass
class RequestSpell(Spell):
    """Weather for API requests: `method` and `path` are patterns such as `POST` and `/v1/invoices/*/pay`.

    `done`: whether the work is done although the answer does not say so; `should_retry`: what the answer says of
    repeating, nothing if None; `seconds`: how long a timeout takes.
    """

    method: str = "*"
    path: str = "*"
    done: bool = True
    should_retry: bool | None = None
    seconds: float = 0.0


@dataclass
class DeliverySpell(Spell):
    """Weather for deliveries of the `events` whose type matches; `seconds`: how late, or how far out of order."""

    events: str = "*"
    seconds: float = 0.0


S = TypeVar("S", bound=Spell)


class Forecast(Generic[S]):
    """The spells of one kind, oldest first. Any thread may ask."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._spells: list[S] = []

    def add(self, spell: S) -> S:
        """Let it begin."""
        with self._turn:
            self._spells.append(spell)
        return spell

    def shown(self) -> list[dict[str, Any]]:
        """Those that can still strike."""
        with self._turn:
            return [spell.shown() for spell in self._spells if spell.times != 0]

    def clear(self) -> None:
        """Let all of them end."""
        with self._turn:
            self._spells.clear()

    def first(self, matching: Iterable[S]) -> S | None:
        """The first that strikes."""
        with self._turn:
            return next((spell for spell in matching if spell.strikes()), None)

    def __bool__(self) -> bool:
        return bool(self._spells)

    def __iter__(self) -> Iterator[S]:
        return iter(list(self._spells))


class Weather:
    """All the weather of a sandbox."""

    def __init__(self) -> None:
        self.requests = Forecast[RequestSpell]()
        self.deliveries = Forecast[DeliverySpell]()

    def on_request(self, method: str, path: str) -> RequestSpell | None:
        """What this request meets."""
        return self.requests.first(
            each for each in self.requests if fnmatchcase(method, each.method) and fnmatchcase(path, each.path)
        )

    def on_delivery(self, type: str) -> DeliverySpell | None:
        """What a delivery of an event of this type meets."""
        return self.deliveries.first(each for each in self.deliveries if fnmatchcase(type, each.events))

    def shown(self) -> dict[str, Any]:
        """It as JSON."""
        return {"requests": self.requests.shown(), "deliveries": self.deliveries.shown()}

    def clear(self) -> None:
        """Fair weather again."""
        self.requests.clear()
        self.deliveries.clear()
