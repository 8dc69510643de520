"""Subscriptions, as Stripe Billing runs them."""

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import func, null
from sqlmodel import col

from billing import tables
from schema import attention, invoices
from schema.attention import Attention
from schema.connections import Connection
from schema.nodes import Node
from schema.nouns import Change, Consent, Customer, Invoice, PaymentMethod, Price
from schema.reads import among, as_enum, column, described, identity, many, node, numbered, one, paged, part
from schema.scalars import JSON
from schema.statuses import SubscriptionStatus
from schema.values import Period

table: Any = tables.Subscription
item: Any = tables.SubscriptionItem

STATUS = as_enum(table.status, SubscriptionStatus)
WITH_STATUS = among("status", SubscriptionStatus, STATUS, "Only those of these statuses.")


@described
@node(item, "subscription_item")
class SubscriptionItem:
    """One price in a subscription."""

    id: strawberry.ID = identity("Opaque, and the same for ever.")
    price: Price = one("What is billed.", on=tables.Price.stripe_id == item.price_stripe_id)
    quantity: int = column(item.quantity, "How many of it.")
    current_period: Period = part("What is paid for now.", start=item.current_period_start, end=item.current_period_end)


@described
class SubscriptionPause:
    """`collectionOnly`: periods go on and nothing is collected; else the subscription itself stands still."""

    since: datetime = column(table.paused_at, "When it began.")
    resumes_at: datetime | None = column(table.pause_resumes_at, "When it ends by itself; null: never.")
    collection_only: bool = column(
        func.coalesce(table.pause_collection_only, False), "Whether only the collection stands still."
    )


@described
@node(table, "subscription", owner="customer_id", stripe="sub_")
class Subscription(Node):
    """Something that the customer is billed for again and again."""

    customer: Customer = one("Who is billed.", on=tables.Customer.id == table.customer_id)
    managed: bool = column(
        table.managed,
        "Whether Assent holds it to a consent; an imported one is mirrored only, until it is adopted.",
    )
    consent: Consent | None = one("What it rests on; null unless managed.", on=tables.Consent.id == table.consent_id)
    payment_method: PaymentMethod | None = one(
        "What is charged.", on=tables.PaymentMethod.stripe_id == table.payment_method_stripe_id
    )
    status: SubscriptionStatus = column(STATUS, "How it stands.")
    stripe_status: str = column(table.status, "Stripe's own word for that.")
    items: list[SubscriptionItem] = many(
        "What is billed.", on=item.subscription_id == table.id, order=(item.created_at, item.id)
    )
    current_period: Period = part(
        "The earliest of its items' periods.",
        start=func.coalesce(table.current_period_start, table.created_at),
        end=func.coalesce(table.current_period_end, table.created_at),
    )
    trial_ends_at: datetime | None = column(table.trial_end, "When its trial ends or ended.")
    cancel_at_period_end: bool = column(table.cancel_at_period_end, "Whether it ends with the current period.")
    cancel_at: datetime | None = column(table.cancel_at, "When it is to end.")
    canceled_at: datetime | None = column(table.canceled_at, "When the cancellation was asked for.")
    ended_at: datetime | None = column(table.ended_at, "When it ended.")
    pause: SubscriptionPause | None = part(
        "How it stands still; null while it does not.", when=col(table.paused_at).is_not(None)
    )
    attention: Attention | None = one(
        "Why billing stands still or needs a person; null while all is well.", on=attention.table.c.id == table.id
    )
    metadata: JSON | None = column(
        table.stripe_metadata, "The merchant's own keys at Stripe; null for a customer's token.", customers=null()
    )
    latest_invoice: Invoice | None = one(
        "What was billed last.", on=tables.Invoice.stripe_id == table.latest_invoice_stripe_id
    )
    invoices: Connection[Invoice] = paged(
        "What was billed.", invoices.WITH_STATUS, on=tables.Invoice.subscription_stripe_id == table.stripe_id
    )
    stripe_id: str = column(table.stripe_id, "Stripe's id: sub_...")
    created_at: datetime = column(table.created_at, "When it was made at Stripe.")
    history: Connection[Change] = numbered(
        "Every change of it, newest first, each with its cause.", on=tables.Change.node_id == table.id
    )
