"""Taking a walk, saving how far it has come, and letting go of it: by a lease in its row.

The lease is short and renewed while its holder lives, so that a killed one is followed within seconds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.runtime import Runtime
from billing.tables import Walk

log = structlog.get_logger()

LEASE = timedelta(seconds=15)
RENEW_EVERY = 5.0

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Overtaken(Exception):
    """Our lease ran out, and another process has taken the walk."""


async def find(session: AsyncSession, name: str) -> Walk | None:
    """The walk as it is; None where it was never begun."""
    return await session.get(Walk, name)


async def take(session: AsyncSession, name: str, now: datetime) -> Walk | None:
    """The walk, for the length of a lease; None where it is not due, or another process is at it."""
    insert = INSERTS[session.get_bind().dialect.name]
    new = {"name": name, "place": {}, "report": {}, "due_at": now, "fence": 0}
    await session.exec(insert(Walk).values(**new).on_conflict_do_nothing(index_elements=["name"]))
    statement = (
        update(Walk)
        .where(col(Walk.name) == name, col(Walk.due_at) <= now)
        .values(due_at=now + LEASE, fence=Walk.fence + 1)
        .returning(Walk)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    taken: Walk | None = (await session.exec(statement)).scalars().first()
    return taken


async def save(session: AsyncSession, walk: Walk, due_at: datetime, **values: Any) -> None:
    """Writes down how far it has come. Raises Overtaken where another process has it."""
    statement = (
        update(Walk)
        .where(col(Walk.name) == walk.name, col(Walk.fence) == walk.fence)
        .values(due_at=due_at, **values)
        .returning(col(Walk.name))
        .execution_options(synchronize_session=False)
    )
    if (await session.exec(statement)).first() is None:
        raise Overtaken(f"Another process has taken over the walk: {walk.name}.")


@asynccontextmanager
async def holding(runtime: Runtime, walk: Walk, *, rest: timedelta = timedelta()) -> AsyncIterator[None]:
    """Keeps the walk ours while the caller is at it, however slow Stripe is.

    Afterwards it may be taken again after `rest`; at once by whoever follows a process that is being stopped.
    """
    renewing = asyncio.create_task(_renew(runtime, walk))
    try:
        yield
    except asyncio.CancelledError:
        rest = timedelta()
        raise
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await _let_go(runtime, walk, rest)


async def _renew(runtime: Runtime, walk: Walk) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY)
        try:
            async with runtime.database.transaction() as session:
                await save(session, walk, runtime.clock() + LEASE)
        except Overtaken:
            return  # its holder finds out when it saves
        except Exception:  # such as a database that is away for a moment
            log.warning("lease not renewed", walk=walk.name, exc_info=True)


async def _let_go(runtime: Runtime, walk: Walk, rest: timedelta) -> None:
    try:
        async with runtime.database.transaction() as session:
            await save(session, walk, runtime.clock() + rest)
    except Overtaken:
        return


async def is_due(session: AsyncSession, name: str, now: datetime) -> bool:
    """Whether somebody may take it now; asked first without the write lock that SQLite has only one of."""
    later = select(Walk.name).where(Walk.name == name, col(Walk.due_at) > now)
    return (await session.exec(later)).first() is None


async def alone(runtime: Runtime, name: str, rest: timedelta, sweep: Callable[[Runtime], Awaitable[int]]) -> int:
    """What the sweep answers; 0 where another process is at it, or was less than `rest` ago. Raises what it raises."""
    now = runtime.clock()
    async with runtime.database.read() as session:
        if not await is_due(session, name, now):
            return 0
    async with runtime.database.transaction() as session:
        walk = await take(session, name, now)
    if walk is None:
        return 0
    async with holding(runtime, walk, rest=rest):
        return await sweep(runtime)
