"""What was given back, and what was taken back: refunds and disputes. Amounts are in the currency's smallest unit."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from billing.tables.base import Identifier, Row

# Statuses of refunds whose money stayed with the merchant, or came back.
UNDONE = ("failed", "canceled")


class Refund(Row, table=True):
    """Money on its way back to the customer."""

    __tablename__ = "refunds"

    stripe_id: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", index=True, sa_type=Identifier)
    payment_stripe_id: str = Field(index=True)
    amount: int = Field(sa_type=BigInteger)
    currency: str
    status: str
    """pending, requires_action, succeeded, failed, canceled."""
    reason: str | None = None
    failure_reason: str | None = None


class Dispute(Row, table=True):
    """A payment that the customer's bank, or Amazon, has called into question."""

    __tablename__ = "disputes"
    __table_args__ = (Index(None, "evidence_due_at", "id"),)

    stripe_id: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", index=True, sa_type=Identifier)
    payment_stripe_id: str = Field(index=True)
    amount: int = Field(sa_type=BigInteger)
    currency: str
    status: str
    reason: str
    evidence_due_at: datetime | None = None
    evidence_submitted_at: datetime | None = None
