"""What Stripe told us: its events as received, its objects as last known."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from billing.tables.base import JSON, Row, one_of


class EventStatus(StrEnum):
    """How far an event has come."""

    RECEIVED = "RECEIVED"
    APPLIED = "APPLIED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"


class EventSource(StrEnum):
    """How an event reached us."""

    WEBHOOK = "WEBHOOK"
    SWEEP = "SWEEP"
    REPLAY = "REPLAY"


class StripeObject(SQLModel, table=True):
    """The latest known JSON of one object of Stripe's, unexpanded, and the seconds for which it is known to stand.

    `known_from` = `known_until` = the event's second where an event told us; for an answer of the API, the window of
    the call by Stripe's own clock. `event_type` and `event_id` belong to the event that told us; both null for an
    answer. `states` are digests of the states that are known to have followed each other within that time, the one in
    `data` last.
    """

    __tablename__ = "stripe_objects"

    stripe_id: str = Field(primary_key=True)
    type: str
    data: dict[str, Any] = Field(sa_type=JSON)
    states: list[str] = Field(default_factory=list, sa_type=JSON)
    event_type: str | None = None
    event_id: str | None = None
    customer_stripe_id: str | None = Field(default=None, index=True)
    known_from: int
    known_until: int
    deleted_at: datetime | None = None
    refresh_at: datetime | None = Field(default=None, index=True)
    """When to read it again at Stripe, because what we were told could not be put in order."""


class StripeEvent(Row, table=True):
    """One event as received; `created_at` is Stripe's second. The row is also the job that applies it."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        one_of("status", EventStatus),
        one_of("source", EventSource),
        Index("ix_stripe_events_due", "status", "due_at"),
    )

    stripe_id: str = Field(unique=True)
    type: str = Field(index=True)
    object_stripe_id: str = Field(index=True)
    api_version: str | None = None
    payload: str = Field(sa_type=Text)
    """The body as received."""
    source: str = EventSource.WEBHOOK
    status: str = EventStatus.RECEIVED
    attempts: int = 0
    """Raised by each worker that takes it; a late one finds that it is no longer its own."""
    error: str | None = None
    received_at: datetime
    applied_at: datetime | None = None
    due_at: datetime
    """When it may be tried (again)."""


class ObjectLease(SQLModel, table=True):
    """That a worker is at the events of one object; deleted when it is done with them."""

    __tablename__ = "object_leases"

    stripe_id: str = Field(primary_key=True)
    holder: str = Field(index=True)
    until: datetime
    """Then it is anybody's, unless its holder renews it."""
