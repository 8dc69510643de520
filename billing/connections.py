"""Connections for short reads: as many as may be at once, each opened when it is first needed, and used again."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, TypeVar

Connection = TypeVar("Connection")

# Seconds after which one that nobody has used is closed: what stands between may have forgotten it by then, silently.
IDLE = 240.0


class Connections(Generic[Connection]):
    """`async with connections.one() as connection`; whoever comes when all are in use waits.

    `works` tells, without a trip, whether one that nobody has used for a while still does. A driver's own pool does as
    much for any kind of use, and that costs more than the rest of a read's way to its connection.
    """

    def __init__(
        self,
        most: int,
        open: Callable[[], Coroutine[Any, Any, Connection]],
        close: Callable[[Connection], Coroutine[Any, Any, None]],
        works: Callable[[Connection], bool],
    ) -> None:
        self._open, self._close, self._works = open, close, works
        self._turns = asyncio.Semaphore(most)
        self._free: list[tuple[Connection, float]] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def one(self) -> "_One[Connection]":
        """A connection, as long as the block lasts. One whose block failed is used by nobody else."""
        return _One(self)

    async def take(self) -> Connection:
        """One that has to be given back or dropped."""
        await self._turns.acquire()
        try:
            while self._free:
                connection, since = self._free.pop()
                if self._works(connection) and time.monotonic() - since < IDLE:
                    return connection
                self._end(connection)
            return await self._open()
        except BaseException:
            self._turns.release()
            raise

    def give_back(self, connection: Connection) -> None:
        """For the next."""
        if self._is_closed:
            self.drop(connection)
        else:
            self._turns.release()
            self._free.append((connection, time.monotonic()))

    def drop(self, connection: Connection) -> None:
        """What was begun may go on in it, a transaction among it, whose view would stand still for ever.

        Its place is free when it is closed.
        """
        self._end(connection).add_done_callback(lambda _: self._turns.release())

    async def close(self) -> None:
        """Closes what is free, and the others as they come back."""
        self._is_closed = True
        while self._free:
            self._end(self._free.pop()[0])
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _end(self, connection: Connection) -> asyncio.Task[None]:
        closing = asyncio.create_task(self._close(connection))
        self._closing.add(closing)
        closing.add_done_callback(self._ended)
        return closing

    def _ended(self, closing: asyncio.Task[None]) -> None:
        self._closing.discard(closing)
        if not closing.cancelled():
            closing.exception()  # a connection that does not even close is gone all the same


class _One(Generic[Connection]):
    """One taken connection."""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections[Connection]) -> None:
        self._connections = connections

    async def __aenter__(self) -> Connection:
        self._connection = await self._connections.take()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        done = self._connections.give_back if kind is None else self._connections.drop
        done(self._connection)
