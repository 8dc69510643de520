"""Setup sessions, and the payment methods that they save.

Each object of Stripe's has a row of its own; rows refer to each other by Stripe's ids, because Stripe tells of
them in any order. What one thing shows of several objects is a join.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from billing.tables.base import JSON, Identifier, Row


class SetupSession(Row, table=True):
    """A Checkout Session in setup mode that Assent created."""

    __tablename__ = "setup_sessions"
    __table_args__ = (Index(None, "customer_id", "created_at", "id"),)

    stripe_id: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    consent_id: UUID = Field(foreign_key="consents.id", index=True, sa_type=Identifier)
    subscription_id: UUID | None = Field(default=None, sa_type=Identifier)
    """The subscription that the method is for, if any."""
    setup_intent_stripe_id: str | None = Field(default=None, index=True)
    status: str
    """open, complete, expired."""
    url: str | None = None
    offered_types: list[str] = Field(default_factory=list, sa_type=JSON)
    """What Checkout really offers, Stripe's words."""
    expires_at: datetime


class SetupIntent(Row, table=True):
    """The attempt to save a method behind a setup session."""

    __tablename__ = "setup_intents"
    __table_args__ = (Index(None, "customer_id", "created_at", "id"),)

    stripe_id: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    consent_id: UUID | None = Field(default=None, foreign_key="consents.id", sa_type=Identifier)
    payment_method_stripe_id: str | None = Field(default=None, index=True)
    mandate_stripe_id: str | None = Field(default=None, index=True)
    status: str
    failure_code: str | None = None
    failure_message: str | None = None


class PaymentMethod(Row, table=True):
    """A saved card, Amazon Pay account, or method of another kind."""

    __tablename__ = "payment_methods"
    __table_args__ = (Index(None, "customer_id", "created_at", "id"),)

    stripe_id: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    stripe_type: str
    """card, amazon_pay, ..."""
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    billing_email: str | None = None
    billing_name: str | None = None
    detached_at: datetime | None = None


class Mandate(Row, table=True):
    """The permission at the bank or at Amazon behind a payment method. `created_at` is when we learned of it."""

    __tablename__ = "mandates"

    stripe_id: str = Field(unique=True)
    payment_method_stripe_id: str = Field(index=True)
    status: str
    """active, inactive, pending."""
