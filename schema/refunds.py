"""Refunds: money on its way back."""

from datetime import datetime
from typing import Any

from sqlalchemy import case, func

from billing import tables
from schema.enums import RefundReason
from schema.nodes import Node
from schema.nouns import Payment
from schema.reads import as_enum, column, constant, described, money, node, one
from schema.statuses import RefundStatus
from schema.values import Money

table: Any = tables.Refund

STATUS = as_enum(table.status, RefundStatus)
# Stripe has reasons of its own besides.
REASON = case((table.reason.in_([constant(each.value.lower()) for each in RefundReason]), func.upper(table.reason)))


@described
@node(table, "refund", owner="customer_id", stripe="re_")
class Refund(Node):
    """Money of a payment on its way back to the customer."""

    payment: Payment = one("What it gives back.", on=tables.Payment.stripe_id == table.payment_stripe_id)
    amount: Money = money(table.amount, table.currency, "How much of it.")
    status: RefundStatus = column(STATUS, "How it stands.")
    reason: RefundReason | None = column(REASON, "Why, where a reason was given.")
    stripe_id: str = column(table.stripe_id, "Stripe's id: re_...")
    created_at: datetime = column(table.created_at, "When it was made at Stripe.")
