"""Stripe's events, as they were received."""

from datetime import datetime
from typing import Any

from billing import tables
from schema.enums import EventSource, EventStatus
from schema.nodes import Node
from schema.reads import among, column, described, node

table: Any = tables.StripeEvent

WITH_STATUS = among("status", EventStatus, table.status, "Only those of these statuses.")
OF_TYPE = among("type", str, table.type, "Only those of these of Stripe's types, e.g. invoice.paid.")


@described
@node(table, "stripe_event", merchant_only=True, stripe="evt_")
class StripeEvent(Node):
    """One Stripe event as it was received: by webhook, or found later by comparing with Stripe's own list."""

    stripe_id: str = column(table.stripe_id, "Stripe's id: evt_...")
    type: str = column(table.type, "Stripe's type, e.g. invoice.paid.")
    status: EventStatus = column(table.status, "How far it has come.")
    source: EventSource = column(table.source, "How it reached Assent.")
    attempts: int = column(table.attempts, "How often it was tried to be applied.")
    error: str | None = column(table.error, "What went wrong the last time.")
    created_at: datetime = column(table.created_at, "When it happened at Stripe.")
    received_at: datetime = column(table.received_at, "When Assent stored it.")
    applied_at: datetime | None = column(table.applied_at, "When it was applied.")
