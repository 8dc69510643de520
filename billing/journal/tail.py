"""The journal's end, as one process sees it: each new row is read once, and handed to whoever here waits for it.

Positions are in the order of the commits (`recording`), so whoever has read up to one has missed nothing before it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlmodel import col, select

from billing.database import Database
from billing.signals import JOURNAL, Signals
from billing.tables import Change, JournalHead

log = structlog.get_logger()

# Rows that are read at a time, and that wait for one watcher before he has to look for himself.
PAGE = 500
ROOM = 256
# Seconds until another try where the database could not be read.
REST = 1.0


@dataclass(frozen=True)
class News:
    """A new row: where it is, whose, and who of customers may see it."""

    position: int
    id: UUID
    customer_id: UUID | None
    owner_id: UUID | None


Wants = Callable[[News], bool]


class Watcher:
    """What waits for one watcher. One who is slow holds up nobody: he is told to look for himself."""

    def __init__(self, wants: Wants) -> None:
        self.wants = wants
        self._waiting: deque[News] = deque()
        self._overrun = False
        self._woken = asyncio.Event()

    def put(self, news: News) -> None:
        """One row that he wants."""
        if len(self._waiting) >= ROOM:
            self._waiting.clear()
            self._overrun = True
        if not self._overrun:
            self._waiting.append(news)
        self._woken.set()

    async def take(self) -> list[News] | None:
        """What has come, as soon as something has; None where it was too much, and has to be read."""
        await self._woken.wait()
        self._woken.clear()
        found = None if self._overrun else list(self._waiting)
        self._waiting.clear()
        self._overrun = False
        return found


class Tail:
    """Follows the journal for as long as anybody watches."""

    def __init__(self, database: Database, signals: Signals) -> None:
        self._database, self._signals = database, signals
        self._watchers: set[Watcher] = set()
        self._starting = asyncio.Lock()
        self._position = 0
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watching(self, wants: Wants) -> AsyncIterator[Watcher]:
        """A watcher for the rows that are committed from here on; read what was before inside."""
        watcher = Watcher(wants)
        async with self._starting:
            if self._task is None:
                self._position = await self._head()
                self._task = asyncio.create_task(self._run())
            self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _head(self) -> int:
        async with self._database.read() as session:
            return (await session.exec(select(JournalHead.position))).one()

    async def _run(self) -> None:
        with self._signals.watching(JOURNAL) as woken:
            while True:
                woken.clear()
                try:
                    await self._look()
                except Exception:  # such as a database that is away; nothing is passed over meanwhile
                    log.exception("the journal could not be read")
                    await asyncio.sleep(REST)
                    continue
                await woken.wait()

    async def _look(self) -> None:
        while True:
            page = await self._page()
            for news in page:
                for each in tuple(self._watchers):
                    if each.wants(news):
                        each.put(news)
            if page:
                self._position = page[-1].position
            if len(page) < PAGE:
                return

    async def _page(self) -> list[News]:
        statement = (
            select(Change.position, Change.id, Change.customer_id, Change.owner_id)
            .where(Change.position > self._position)
            .order_by(col(Change.position))
            .limit(PAGE)
        )
        async with self._database.read() as session:
            return [News(*row) for row in (await session.exec(statement)).all()]
