"""Leases on objects: while a worker is at the events of one, no other worker takes any of its events.

A row of `object_leases` is a lease. It is renewed while its worker lives and deleted when that is done; one that has
run out is anybody's. What a worker still does after that is undone by the fence on its events (`claiming.finish`).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, update
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.runtime import Runtime
from billing.tables import ObjectLease

log = structlog.get_logger()

# For so long an object waits for a worker that was killed, and nobody else's clock may be wrong by as much.
LEASE = timedelta(seconds=20)
# Seconds; three renewals may fail before a lease runs out.
RENEW_EVERY = 5.0

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass
class Holder:
    """One worker of objects: the name in its leases, what it is at, and what it is done with but has not given back."""

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    working: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    def finish(self, stripe_id: str) -> None:
        """The worker has come to an end with this object."""
        self.working.discard(stripe_id)
        self.done.add(stripe_id)


async def lease(session: AsyncSession, holder: Holder, stripe_ids: Iterable[str], now: datetime) -> set[str]:
    """Those of the objects that are now the holder's: nobody had them, or his lease has run out.

    Waits for no worker, only for the end of another one's claim. In one order everywhere, so that two do not wait for
    each other.
    """
    rows = [{"stripe_id": each, "holder": holder.name, "until": now + LEASE} for each in sorted(stripe_ids)]
    if not rows:
        return set()
    insert = INSERTS[session.get_bind().dialect.name](ObjectLease).values(rows)
    statement = insert.on_conflict_do_update(
        index_elements=["stripe_id"],
        set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
        where=col(ObjectLease.until) <= now,
    ).returning(col(ObjectLease.stripe_id))
    return set((await session.exec(statement)).scalars().all())


async def give_back(session: AsyncSession, holder: Holder, stripe_ids: Iterable[str]) -> None:
    """Ends the leases on these, except those that somebody has taken over."""
    mine = (col(ObjectLease.holder) == holder.name, col(ObjectLease.stripe_id).in_(sorted(stripe_ids)))
    await session.exec(delete(ObjectLease).where(*mine))


@asynccontextmanager
async def holding(runtime: Runtime, holder: Holder) -> AsyncIterator[None]:
    """Renews the holder's leases beside the caller, and gives all of them back at the end."""
    renewing = asyncio.create_task(_renew(runtime, holder))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        if left := holder.working | holder.done:
            async with runtime.database.transaction() as session:
                await give_back(session, holder, left)
            holder.working.clear()
            holder.done.clear()


async def _renew(runtime: Runtime, holder: Holder) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY)
        if not holder.working:
            continue
        try:
            async with runtime.database.transaction() as session:
                mine = update(ObjectLease).where(col(ObjectLease.holder) == holder.name)
                await session.exec(mine.values(until=runtime.clock() + LEASE))
        except Exception:  # such as a database that is away for a moment
            log.warning("leases not renewed", objects=len(holder.working), exc_info=True)
