"""Signals: heard after the commit, in every process, and after whatever kept them from being heard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from billing.database import Database
from billing.notifications import listening
from billing.settings import CannotStart
from billing.signals import CHANNEL, EVENTS, JOURNAL, POLL, Signals
from tests.postgres import postgres_url

PATIENCE = 20
NOTIFICATION = b"A"


@asynccontextmanager
async def a_process(database: Database) -> AsyncIterator[Signals]:
    """What one of several processes has; on SQLite it polls."""
    notifies = database.dialect == "postgresql"
    signals = Signals(notifies=notifies)
    async with listening(database, signals) if notifies else contextlib.nullcontext():
        yield signals


async def announce(database: Database, signals: Signals, *topics: str) -> None:
    async with database.transaction() as session:
        for topic in topics:
            await signals.announce(session, topic)


async def heard(woken: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE):
        await woken.wait()
    woken.clear()


async def test_an_announcement_is_heard_in_its_own_process_at_the_commit_and_not_before(database: Database) -> None:
    signals = Signals()
    with signals.watching(JOURNAL) as woken, signals.watching(EVENTS) as other:
        async with database.transaction() as session:
            await signals.announce(session, JOURNAL)
            assert not woken.is_set()
        assert woken.is_set()
        assert not other.is_set()


async def test_what_is_rolled_back_is_not_announced(database: Database) -> None:
    signals = Signals()
    with signals.watching(JOURNAL) as woken:
        with contextlib.suppress(ZeroDivisionError):
            async with database.transaction() as session:
                await signals.announce(session, JOURNAL)
                raise ZeroDivisionError
        assert not woken.is_set()


async def test_an_announcement_is_heard_in_other_processes(database: Database) -> None:
    async with a_process(database) as here, a_process(database) as there:
        with there.watching(JOURNAL) as woken:
            await announce(database, here, JOURNAL)
            await heard(woken)


async def test_many_announcements_of_a_transaction_are_one_notification(postgres_database: Database) -> None:
    told: list[str] = []
    pooled = await postgres_database.engine.raw_connection()
    listener = pooled.driver_connection
    assert listener is not None
    await listener.add_listener(CHANNEL, lambda *given: told.append(given[-1].partition(" ")[0]))
    await announce(postgres_database, Signals(notifies=True), *[JOURNAL] * 50, EVENTS)
    await announce(postgres_database, Signals(notifies=True), EVENTS)
    async with asyncio.timeout(PATIENCE):
        while len(told) < 3:  # noqa: ASYNC110 - the driver tells no other way
            await asyncio.sleep(0.01)
    assert told == [JOURNAL, EVENTS, EVENTS]
    pooled.close()


async def test_a_broken_connection_is_replaced_and_whoever_watches_looks_again(postgres_database: Database) -> None:
    async with a_process(postgres_database) as here, a_process(postgres_database) as there:
        with there.watching(JOURNAL) as woken:
            assert await end_listeners(postgres_database) == 2
            await heard(woken)
            async with asyncio.timeout(PATIENCE):
                while not there.hears:  # noqa: ASYNC110 - nobody else waits for it
                    await asyncio.sleep(0.01)
            await asyncio.sleep(2 * POLL)
            woken.clear()
            await announce(postgres_database, here, JOURNAL)
            await heard(woken)


async def test_who_hears_others_is_not_woken_for_nothing_and_who_does_not_polls(postgres_database: Database) -> None:
    async with a_process(postgres_database) as hearing:
        deaf = Signals()
        with hearing.watching(JOURNAL) as told, deaf.watching(JOURNAL) as woken:
            await heard(woken)
            await heard(woken)
            assert not told.is_set()


async def test_a_pooler_that_never_delivers_is_found_at_the_start(postgres_database: Database, tmp_path: Path) -> None:
    async with deaf_pooler(postgres_database, tmp_path) as url:
        pooled = Database(url)
        with pytest.raises(CannotStart, match="LIVE_TRANSPORT=poll"):
            async with listening(pooled, Signals(notifies=True)):
                pass
        await pooled.close()


async def end_listeners(database: Database) -> int:
    """As a restart of the server does."""
    async with database.transaction() as session:
        found = await session.connection()
        ended = await found.exec_driver_sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            " AND datname = current_database()"
        )
        return int(ended.scalar_one())


@asynccontextmanager
async def deaf_pooler(database: Database, folder: Path) -> AsyncIterator[str]:
    """A server between, which takes LISTEN and hands on everything but notifications; its database's address."""
    real = f"{database.url.query['host']}/.s.PGSQL.5432"

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_unix_connection(real)
        await asyncio.gather(_copy(reader, upstream[1]), _without_notifications(upstream[0], writer))

    server = await asyncio.start_unix_server(join, folder / ".s.PGSQL.5432")
    async with server:
        yield postgres_url(folder, str(database.url.database))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def _without_notifications(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            head = await reader.readexactly(5)
            rest = await reader.readexactly(int.from_bytes(head[1:]) - 4)
            if head[:1] != NOTIFICATION:
                writer.write(head + rest)
    writer.close()
