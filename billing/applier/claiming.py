"""Taking the events of objects and giving them back: applied, skipped, to be tried later, or failed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import sample
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.applier.leasing import Holder, give_back, lease
from billing.applier.outcomes import tell
from billing.database import Database, follow_commit
from billing.inbox import Arrival
from billing.tables import EventStatus, ObjectLease, StripeEvent, StripeObject
from billing.touched import ROWS

# Two workers that look at once would want the same objects: each takes some out of so many times as many.
WINDOW = 4

# When an object that could not be read again is tried next.
READ_LATER = timedelta(minutes=3)


class Overtaken(Exception):
    """Our lease ran out, and somebody else has taken the event."""


@dataclass(frozen=True)
class Work:
    """An object that this worker alone is at: its due events, in Stripe's order as far as seconds tell it.

    `reads` is the object's type where it is to be read again at Stripe.
    """

    stripe_id: str
    events: Sequence[StripeEvent]
    reads: str | None = None


async def claim(database: Database, holder: Holder, now: datetime, limit: int) -> list[Work]:
    """Everything that is due of at most `limit` objects that nobody is at; gives back what the holder is done with."""
    wanted = await _wanted(database, holder, now, limit)
    done = set(holder.done)
    if not wanted and not done:
        return []
    async with database.transaction() as session:
        if done:
            await give_back(session, holder, done)
        mine = await lease(session, holder, wanted, now)
        work = await _take(session, mine, now)
        # Somebody else was done with these in the meantime.
        await give_back(session, holder, mine - {each.stripe_id for each in work})
    holder.done -= done
    holder.working |= {each.stripe_id for each in work}
    return work


async def claim_event(database: Database, holder: Holder, event: Arrival, now: datetime) -> StripeEvent | None:
    """One event, if it is due; None where somebody is at its object, or is done with it."""
    wanted = and_(_due(now), col(StripeEvent.stripe_id) == event.stripe_id)
    async with database.read() as session:
        if (await session.exec(select(1).where(wanted))).first() is None:
            return None
    async with database.transaction() as session:
        mine = await lease(session, holder, [event.object_stripe_id], now)
        taken = await _take_events(session, wanted) if mine else []
    holder.working |= mine
    return taken[0] if taken else None


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(col(StripeEvent.status) == EventStatus.RECEIVED, col(StripeEvent.due_at) <= now)


async def _wanted(database: Database, holder: Holder, now: datetime, limit: int) -> list[str]:
    """Looked up first, without the write lock that SQLite has only one of."""
    leased = select(ObjectLease.stripe_id).where(col(ObjectLease.until) > now)
    if holder.done:
        leased = leased.where(col(ObjectLease.stripe_id).not_in(holder.done))
    told = select(StripeEvent.object_stripe_id).where(_due(now), col(StripeEvent.object_stripe_id).not_in(leased))
    read = select(StripeObject.stripe_id).where(
        col(StripeObject.refresh_at) <= now, col(StripeObject.stripe_id).not_in(leased)
    )
    async with database.read() as session:
        found = [
            *(await session.exec(told.order_by(col(StripeEvent.due_at)).limit(WINDOW * limit))).all(),
            *(await session.exec(read.limit(limit))).all(),
        ]
    different = [each for each in dict.fromkeys(found) if each not in holder.working]
    return sample(different, min(limit, len(different)))


async def _take(session: AsyncSession, stripe_ids: set[str], now: datetime) -> list[Work]:
    if not stripe_ids:
        return []
    events: dict[str, list[StripeEvent]] = defaultdict(list)
    for event in await _take_events(session, and_(_due(now), col(StripeEvent.object_stripe_id).in_(stripe_ids))):
        events[event.object_stripe_id].append(event)
    reads = await _take_reads(session, stripe_ids, now)
    return [Work(each, events.get(each, []), reads.get(each)) for each in stripe_ids if each in events or each in reads]


async def _take_events(session: AsyncSession, which: ColumnElement[bool]) -> list[StripeEvent]:
    """Raises their fence. What a worker that stands still in the middle of its transaction has locked is left out."""
    mine = select(StripeEvent.id).where(which).with_for_update(skip_locked=True)
    statement = (
        update(StripeEvent)
        .where(col(StripeEvent.id).in_(mine))
        .values(attempts=StripeEvent.attempts + 1)
        .returning(StripeEvent)
        .execution_options(synchronize_session=False)
    )
    taken: Sequence[StripeEvent] = (await session.exec(statement)).scalars().all()
    return sorted(taken, key=lambda event: (event.created_at, event.id))


async def _take_reads(session: AsyncSession, stripe_ids: set[str], now: datetime) -> dict[str, str]:
    due = and_(col(StripeObject.refresh_at) <= now, col(StripeObject.stripe_id).in_(stripe_ids))
    mine = select(StripeObject.stripe_id).where(due).with_for_update(skip_locked=True)
    statement = (
        update(StripeObject)
        .where(col(StripeObject.stripe_id).in_(mine))
        .values(refresh_at=now + READ_LATER)
        .returning(col(StripeObject.stripe_id), col(StripeObject.type))
        .execution_options(synchronize_session=False)
    )
    return {row.stripe_id: row.type for row in (await session.exec(statement)).all()}


async def finish(session: AsyncSession, event: StripeEvent, **values: Any) -> None:
    """Writes down what came of an event that this worker holds. Raises Overtaken where it no longer does."""
    statement = (
        update(StripeEvent)
        .where(
            col(StripeEvent.id) == event.id,
            col(StripeEvent.attempts) == event.attempts,
            col(StripeEvent.status) == EventStatus.RECEIVED,
        )
        .values(**values)
        .returning(col(StripeEvent.id))
        .execution_options(synchronize_session=False)
    )
    if (await session.exec(statement)).first() is None:
        raise Overtaken(f"event {event.stripe_id} was taken by another worker")
    follow_commit(session, f"tell of {event.stripe_id}", partial(tell, event, values, session.info.get(ROWS, {})))
