"""Invoices, their lines, and the payments behind them. Amounts are in the currency's smallest unit."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field

from billing.tables.base import JSON, Identifier, Row

# Finalized, and not held to a consent since: only those of managed subscriptions ever are.
UNJUDGED = text("status IN ('open', 'paid', 'uncollectible') AND (judged_as IS NULL OR judged_as <> status)")


class Invoice(Row, table=True):
    """What Stripe billed."""

    __tablename__ = "invoices"
    __table_args__ = (
        Index(None, "customer_id", "created_at", "id"),
        Index("ix_invoices_unjudged", "subscription_stripe_id", sqlite_where=UNJUDGED, postgresql_where=UNJUDGED),
    )

    stripe_id: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    subscription_stripe_id: str | None = Field(default=None, index=True)
    number: str | None = None
    status: str
    """draft, open, paid, uncollectible, void; deleted for a draft that is gone."""
    billing_reason: str | None = None
    currency: str
    subtotal: int = Field(sa_type=BigInteger)
    tax: int | None = Field(default=None, sa_type=BigInteger)
    total: int = Field(sa_type=BigInteger)
    amount_due: int = Field(sa_type=BigInteger)
    amount_paid: int = Field(sa_type=BigInteger)
    attempt_count: int = 0
    next_payment_attempt_at: datetime | None = None
    hosted_url: str | None = None
    pdf_url: str | None = None
    judged_as: str | None = None
    """The status in which it was last held to the consent of its subscription; ours."""


class InvoiceLine(Row, table=True):
    """One line of an invoice; `position` is Stripe's order."""

    __tablename__ = "invoice_lines"
    __table_args__ = (UniqueConstraint("invoice_id", "position"),)

    stripe_id: str = Field(unique=True)
    invoice_id: UUID = Field(foreign_key="invoices.id", sa_type=Identifier)
    position: int
    description: str | None = None
    amount: int = Field(sa_type=BigInteger)
    currency: str
    quantity: int | None = None
    period_start: datetime
    period_end: datetime
    proration: bool = False


class InvoicePayment(Row, table=True):
    """Which payment pays which invoice."""

    __tablename__ = "invoice_payments"

    stripe_id: str = Field(unique=True)
    invoice_stripe_id: str = Field(index=True)
    payment_intent_stripe_id: str | None = Field(default=None, index=True)
    is_default: bool = False
    status: str


class Payment(Row, table=True):
    """A PaymentIntent."""

    __tablename__ = "payments"
    __table_args__ = (Index(None, "customer_id", "created_at", "id"),)

    stripe_id: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    consent_id: UUID | None = Field(default=None, foreign_key="consents.id", index=True, sa_type=Identifier)
    payment_method_stripe_id: str | None = Field(default=None, index=True)
    status: str
    amount: int = Field(sa_type=BigInteger)
    currency: str
    description: str | None = None
    failure_code: str | None = None
    failure_decline_code: str | None = None
    failure_message: str | None = None
    next_action_url: str | None = None
    client_secret: str | None = None
    succeeded_at: datetime | None = None
    """When we were first told of its success, by Stripe's clock."""
    confirm_by: datetime | None = None
    """Of a charge of Assent's own: when it is given up if it waits for the customer until then."""
    stripe_metadata: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
