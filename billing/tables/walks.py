"""Walks through Stripe's lists, which go on where they were when their process ends."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from billing.tables.base import JSON


class Walk(SQLModel, table=True):
    """The sweep over Stripe's events, a reconciliation, or an import: one row each, and the row is its own job."""

    __tablename__ = "walks"

    name: str = Field(primary_key=True)
    place: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """How far it has come; empty before the first and, but for the sweep, after the last step."""
    report: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What it has found so far."""
    due_at: datetime
    """When it may be taken (again); whoever takes it moves this on: that is the lease."""
    fence: int = 0
    """Raised by each holder; a late one finds that it is no longer its own."""


class Sighting(SQLModel, table=True):
    """That a walk has met an object at Stripe. Kept until the walk is done with the objects of that type."""

    __tablename__ = "sightings"

    walk: str = Field(primary_key=True)
    stripe_id: str = Field(primary_key=True)
