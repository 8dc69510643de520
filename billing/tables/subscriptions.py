"""Subscriptions and their items."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from billing.tables.base import JSON, Identifier, Row

# Statuses that nothing leads out of.
ENDED = ("canceled", "incomplete_expired")


class Subscription(Row, table=True):
    """A subscription at Stripe; `consent_id` is set on managed ones, and only by us."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index(None, "customer_id", "created_at", "id"),
        CheckConstraint("managed = (consent_id IS NOT NULL)", name="managed"),
    )

    stripe_id: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    consent_id: UUID | None = Field(default=None, foreign_key="consents.id", index=True, sa_type=Identifier)
    managed: bool = False
    payment_method_stripe_id: str | None = Field(default=None, index=True)
    latest_invoice_stripe_id: str | None = None
    status: str
    """Stripe's word."""
    current_period_start: datetime | None = None
    current_period_end: datetime | None = None
    """The earliest of its items' periods."""
    trial_end: datetime | None = None
    cancel_at_period_end: bool = False
    cancel_at: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    paused_at: datetime | None = None
    pause_resumes_at: datetime | None = None
    pause_collection_only: bool | None = None
    pause_behavior: str | None = None
    """Of a pause of collection alone: what Stripe does with the invoices meanwhile."""
    stripe_metadata: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class SubscriptionItem(Row, table=True):
    """One price in a subscription."""

    __tablename__ = "subscription_items"

    stripe_id: str = Field(unique=True)
    subscription_id: UUID = Field(foreign_key="subscriptions.id", index=True, sa_type=Identifier)
    price_stripe_id: str = Field(index=True)
    quantity: int
    current_period_start: datetime
    current_period_end: datetime
