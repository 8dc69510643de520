"""Trying an event again that failed, or that is wanted once more."""

from datetime import datetime
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.errors import NotFound
from billing.tables import EventSource, EventStatus, StripeEvent


async def replay(session: AsyncSession, event_id: UUID | None, *, now: datetime) -> StripeEvent:
    """Puts the event back, due at once, with all of its attempts before it. Raises NotFound."""
    statement = select(StripeEvent).where(StripeEvent.id == event_id).with_for_update()
    event = (await session.exec(statement)).first()
    if event is None:
        raise NotFound("There is no such event.", ("input", "eventId"))
    event.source, event.status, event.due_at = EventSource.REPLAY, EventStatus.RECEIVED, now
    event.attempts, event.error, event.applied_at = 0, None, None
    session.add(event)
    return event
