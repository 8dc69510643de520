"""What is made of documents, kept by its size: clients choose how many there are, and how large each is."""

from collections import OrderedDict
from collections.abc import Callable
from sys import getsizeof
from typing import Any, Protocol, TypeVar

# What anything takes that is kept, besides its key and itself.
PLACE = 1_000


class Sizable(Protocol):
    """Whatever says how large it is."""

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep it."""


T = TypeVar("T", bound=Sizable | None)


class Kept:
    """Values by what they are made of. Where there is no room for more, those go that nobody asked for the longest."""

    most = 32 * 2**20
    """Bytes. A process has one for the documents that are sent, and one for what the executor asks."""

    def __init__(self) -> None:
        self.size = 0
        self._found: OrderedDict[tuple[Any, ...], tuple[Any, int]] = OrderedDict()

    def get(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """What is kept under the key, or is made now."""
        if found := self._found.get(key):
            self._found.move_to_end(key)
            value: T = found[0]
            return value
        made = make()
        self._keep(key, made, PLACE + sum(map(getsizeof, key)) + (0 if made is None else made.size))
        return made

    def _keep(self, key: tuple[Any, ...], made: Sizable | None, size: int) -> None:
        self._found[key] = made, size
        self.size += size
        while self.size > self.most:
            _, (_, gone) = self._found.popitem(last=False)
            self.size -= gone


class KeptOfOne(Kept):
    """What is made of one trusted document: no other pushes it out, and the shapes of it only one another."""

    most = 2**20
