"""Disputes: payments that the customer's bank, or Amazon, has called into question."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, literal
from sqlmodel.sql.sqltypes import UTCDateTime

from billing import tables
from schema.nodes import Node
from schema.nouns import Payment
from schema.reads import among, as_enum, column, described, money, node, one
from schema.statuses import DisputeStatus
from schema.values import Money

table: Any = tables.Dispute

# Where no evidence can be sent there is nothing to be late for.
NEVER = literal(datetime(9999, 12, 31, tzinfo=UTC), UTCDateTime())
DUE = func.coalesce(table.evidence_due_at, NEVER)

STATUS = as_enum(table.status, DisputeStatus)
WITH_STATUS = among("status", DisputeStatus, STATUS, "Only those of these statuses.")


@described
@node(table, "dispute", owner="customer_id", stripe="du_")
class Dispute(Node):
    """A payment that the customer's bank, or Amazon, has called into question."""

    payment: Payment = one("What is disputed.", on=tables.Payment.stripe_id == table.payment_stripe_id)
    amount: Money = money(table.amount, table.currency, "How much of it.")
    status: DisputeStatus = column(STATUS, "How it stands.")
    reason: str = column(table.reason, "Stripe's word for what the customer claims.")
    evidence_due_at: datetime | None = column(
        table.evidence_due_at, "Until when evidence can be sent; null where none can be."
    )
    evidence_submitted_at: datetime | None = column(
        table.evidence_submitted_at, "When we first saw that evidence had been sent; null while none has."
    )
    stripe_id: str = column(table.stripe_id, "Stripe's id: du_...")
    created_at: datetime = column(table.created_at, "When it was made at Stripe.")
