"""The database goes away while something is under way: its server, the connections to it, or the room on its disk."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable

import asyncpg
from sqlalchemy.exc import DBAPIError

from billing.database import Database
from tests.crash_proxy import Moment, Trouble
from tests.crashes.doomed import watching_commits
from tests.crashes.places import OnPostgreSQL, Place, in_a_thread, name_of
from tests.crashes.stand import Outcome, World

ANY = ".*"
TRIES = 400
"""Twenty times a second, until a server that has recovered must answer."""


async def restarted(n: int, world: World) -> Outcome:
    """While Stripe's answer to the n-th request is on its way."""
    assert isinstance(world.place, OnPostgreSQL)
    loop, restart = asyncio.get_running_loop(), world.place.restart

    async def here() -> None:
        restart()  # in the thread that lives on

    def event() -> None:
        asyncio.run_coroutine_threadsafe(here(), loop).result()

    outcome = await _with_answer(world, n, event)
    await _reach_database(world)
    return outcome


async def _with_answer(world: World, n: int, event: Callable[[], None]) -> Outcome:
    """Acts; the event happens when Stripe has done what the n-th request says, and its answer comes after that."""
    world.proxy.prepare(Trouble(ANY, Moment.DONE, event, skip=n, late=True))
    return await world.act()


async def cut_off(n: int, world: World) -> Outcome:
    """All connections, before the n-th commit."""
    place = world.place
    assert isinstance(place, OnPostgreSQL)
    cut = CUT.format(name_of(world.database_url))

    def on(reached: str) -> None:
        if reached == f"before:{n}":
            place.execute(cut)

    with watching_commits(on):
        outcome = await world.act()
    await _reach_database(world)
    return outcome


async def disk_full(world: World, during: int | None = None) -> Outcome:
    """From before the reservation, or from Stripe's answer to a request, until the client has been told."""
    filler = Filler(world.place, world.database_url)
    try:
        if during is None:
            filler.fill()
            outcome = await world.act()
        else:
            outcome = await _with_answer(world, during, filler.fill)
    finally:
        filler.remove()
    await _reach_database(world)
    return outcome


class Filler:
    """Takes all of the disk, so that nothing can be written any more."""

    def __init__(self, place: Place, url: str) -> None:
        self._place, self._url, self._file = place, url, place.disk / "filler"

    def fill(self) -> None:
        """Also the page into which PostgreSQL would write the next operation."""
        if isinstance(self._place, OnPostgreSQL):
            in_a_thread(_fill_page(self._place, self._url))
        with self._file.open("wb") as file:
            left = os.statvfs(self._file)
            os.posix_fallocate(file.fileno(), 0, max(1, left.f_bavail * left.f_frsize))

    def remove(self) -> None:
        """There is room again."""
        self._file.unlink(missing_ok=True)


async def _fill_page(place: OnPostgreSQL, url: str) -> None:
    connection = await asyncpg.connect(host=str(place.server.folder), user="assent", database=name_of(url))
    size, grown, row = None, 0, 0
    fitting: list[int] = []
    while grown < 2 or row < fitting[-1]:
        await connection.execute(FILLING, secrets.token_hex(500))
        now = await connection.fetchval("SELECT pg_relation_size('operations')")
        row += 1
        if size is not None and now != size:
            fitting.append(row - 1)
            grown, row = grown + 1, 1
        size = now
    await connection.close()


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
FILLING = """
    INSERT INTO operations (id, created_at, updated_at, due_at, mutation, party, key, input_hash, actor, intent, result,
        status, attempt, fence)
    VALUES (gen_random_uuid(), now(), now(), now(), 'createProduct', 'filler', $1, '', '', '{}', '{}',
        'SUCCEEDED', 1, 0)
"""


async def _reach_database(world: World) -> None:
    for life in (world.life, world.hindered):
        await reach(life.runtime.database)


async def reach(database: Database) -> None:
    """Waits until the server has recovered; connections that it has lost are found out about."""
    for _ in range(TRIES):
        with contextlib.suppress(DBAPIError, OSError, asyncpg.PostgresError):
            async with database.read() as session:
                await (await session.connection()).exec_driver_sql("SELECT 1")
                return
        await asyncio.sleep(0.05)
