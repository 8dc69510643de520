"""PostgreSQL's notifications: heard on one connection of each process, which is mended when it breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from billing.database import Database
from billing.settings import CannotStart
from billing.signals import CHANNEL, Signals

log = structlog.get_logger()

# Seconds for a notification to ourselves to arrive.
PATIENCE = 5.0
# Seconds between two looks at whether the connection still lives: one whose other end has vanished says nothing.
BEAT = 15.0
# Seconds until the first and the longest wait for another try to connect.
SHORTEST_WAIT, LONGEST_WAIT = 0.2, 10.0

PROOF = "proof"

BROKEN = (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)


@asynccontextmanager
async def listening(database: Database, signals: Signals) -> AsyncIterator[None]:
    """Hears the announcements of other processes beside the caller; while the connection is away, watchers poll.

    Raises CannotStart where PostgreSQL takes the LISTEN but a notification does not arrive, as behind a pooler that
    shares connections between transactions.
    """
    first = _Line(database, signals)
    try:
        await first.open()
    except BROKEN as error:
        await first.close()
        raise CannotStart(
            f"LIVE_TRANSPORT: PostgreSQL's notifications do not arrive here ({type(error).__name__}), as behind a "
            "pooler in transaction mode: set LIVE_TRANSPORT=poll, or give DATABASE_URL a direct connection."
        ) from None
    keeper = asyncio.create_task(_keep(first, database, signals))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        # One that was canceled before its first step has closed nothing.
        await first.close()


async def _keep(line: "_Line", database: Database, signals: Signals) -> None:
    """Beats while the line lives, and makes another one, ever slower, when it does not."""
    wait = SHORTEST_WAIT
    while True:
        try:
            if not line.is_open:
                await line.open()
                log.info("notifications are heard again")
            wait = SHORTEST_WAIT
            await line.live()
        except BROKEN as error:
            log.warning("notifications are not heard; polling meanwhile", reason=type(error).__name__, again_in=wait)
        finally:
            await line.close()
        await asyncio.sleep(wait)
        wait, line = min(2 * wait, LONGEST_WAIT), _Line(database, signals)


class _Line:
    """One connection that listens, taken out of the pool for good."""

    def __init__(self, database: Database, signals: Signals) -> None:
        self._database, self._signals = database, signals
        self._pooled: Any = None
        self._connection: Any = None
        self._ended, self._proven = asyncio.Event(), asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether it was proven to hear, and has not ended."""
        return self._proven.is_set() and not self._ended.is_set()

    async def open(self) -> None:
        """Connects, listens, and hears itself. Raises one of BROKEN."""
        async with asyncio.timeout(PATIENCE):
            self._pooled = await self._database.engine.raw_connection()
            self._connection = self._pooled.driver_connection
            self._pooled.detach()
            self._connection.add_termination_listener(lambda _: self._ended.set())
            await self._connection.add_listener(CHANNEL, self._hear)
            # By another connection: a pooler would give the same one's notification back, and others' to nobody.
            await self._notify()
            await self._proven.wait()
        self._signals.hears = True
        # Whatever was committed while nobody listened.
        self._signals.wake_all()

    async def live(self) -> None:
        """Returns when the connection has ended. Raises TimeoutError where its other end has vanished."""
        while not self._ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._ended.wait()
                    return
            await self._connection.execute("SELECT 1", timeout=PATIENCE)

    async def close(self) -> None:
        """Ends it, politely only if that is quick; watchers poll from now on."""
        self._signals.hears = False
        if self._connection is not None and not self._connection.is_closed():
            self._connection.terminate()

    async def _notify(self) -> None:
        async with self._database.engine.begin() as connection:
            await connection.exec_driver_sql(f"SELECT pg_notify('{CHANNEL}', '{PROOF}')")

    def _hear(self, _connection: Any, _process: int, _channel: str, payload: str) -> None:
        self._proven.set()
        self._signals.hear(payload)
