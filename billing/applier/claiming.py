"""Taking events and giving them back: applied, skipped, to be tried later, or failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.database import Database
from billing.tables import EventStatus, StripeEvent, StripeObject

# How long a worker has what it took to itself; longer than it can take, with every read of Stripe at its slowest.
LEASE = timedelta(minutes=3)


class Overtaken(Exception):
    """Our lease ran out, and somebody else has taken the event."""


async def claim_events(database: Database, now: datetime, limit: int) -> list[list[StripeEvent]]:
    """Everything that is due of at most `limit` objects, by object, in Stripe's order as far as seconds tell it."""
    due = and_(col(StripeEvent.status) == EventStatus.RECEIVED, col(StripeEvent.due_at) <= now)
    if not await _any(database, due):
        return []
    objects = select(StripeEvent.object_stripe_id).where(due).order_by(col(StripeEvent.due_at)).limit(limit)
    mine = select(StripeEvent.id).where(due, col(StripeEvent.object_stripe_id).in_(objects))
    statement = (
        update(StripeEvent)
        .where(col(StripeEvent.id).in_(mine.with_for_update(skip_locked=True)))
        .values(due_at=now + LEASE, attempts=StripeEvent.attempts + 1)
        .returning(StripeEvent)
        .execution_options(synchronize_session=False)
    )
    async with database.transaction() as session:
        events: Sequence[StripeEvent] = (await session.exec(statement)).scalars().all()
    events = sorted(events, key=lambda event: (event.object_stripe_id, event.created_at, event.id))
    return [list(group) for _, group in groupby(events, key=lambda event: event.object_stripe_id)]


async def claim_event(database: Database, stripe_id: str, now: datetime) -> StripeEvent | None:
    """One event, by Stripe's id, if it is due; None where somebody has it, or is done with it."""
    due = and_(col(StripeEvent.status) == EventStatus.RECEIVED, col(StripeEvent.due_at) <= now)
    statement = (
        update(StripeEvent)
        .where(col(StripeEvent.stripe_id) == stripe_id, due)
        .values(due_at=now + LEASE, attempts=StripeEvent.attempts + 1)
        .returning(StripeEvent)
        .execution_options(synchronize_session=False)
    )
    if not await _any(database, and_(col(StripeEvent.stripe_id) == stripe_id, due)):
        return None
    async with database.transaction() as session:
        found: StripeEvent | None = (await session.exec(statement)).scalars().first()
    return found


async def claim_objects(database: Database, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Id and type of objects that are to be read again."""
    due = col(StripeObject.refresh_at) <= now
    if not await _any(database, due):
        return []
    mine = select(StripeObject.stripe_id).where(due).limit(limit).with_for_update(skip_locked=True)
    statement = (
        update(StripeObject)
        .where(col(StripeObject.stripe_id).in_(mine))
        .values(refresh_at=now + LEASE)
        .returning(col(StripeObject.stripe_id), col(StripeObject.type))
        .execution_options(synchronize_session=False)
    )
    async with database.transaction() as session:
        return [(stripe_id, type) for stripe_id, type in (await session.exec(statement)).all()]


async def _any(database: Database, due: ColumnElement[bool]) -> bool:
    """Looked up first without the write lock that SQLite has only one of."""
    async with database.read() as session:
        return (await session.exec(select(1).where(due).limit(1))).first() is not None


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
