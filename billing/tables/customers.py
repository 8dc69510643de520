"""Customers."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from billing.tables.base import JSON, Row


class Customer(Row, table=True):
    """Half ours (externalId), half Stripe's (the rest, from the stored customer)."""

    __tablename__ = "customers"
    __table_args__ = (Index(None, "created_at", "id"),)

    external_id: str = Field(unique=True)
    stripe_id: str = Field(unique=True)
    email: str | None = None
    name: str | None = None
    stripe_metadata: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """The merchant's own keys; ours begin with `assent_` and are left out."""
    default_payment_method_stripe_id: str | None = Field(default=None, index=True)
    deleted_at: datetime | None = None
    redacted_at: datetime | None = None
