"""Renewals that were held, because nothing that the customer agreed to covers them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from billing.tables.base import JSON, Identifier, Row


class Hold(Row, table=True):
    """What Assent keeps from being collected, or found collected without a consent; `created_at` is since when.

    One invoice, or, without one, all that the subscription has not billed yet. It ends when that is released to be
    collected, or given up.
    """

    __tablename__ = "holds"

    invoice_stripe_id: str | None = Field(default=None, unique=True)
    subscription_id: UUID = Field(foreign_key="subscriptions.id", index=True, sa_type=Identifier)
    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    reason: str
    """GraphQL's AttentionReason."""
    message: str
    required: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    """The scope that a consent would need, as `errors.Scope.dump` makes it."""
    resumes_at: datetime | None = None
    """Of a stop during a pause: when the pause would have ended by itself, which it does again once it is released."""
    ended_at: datetime | None = None
