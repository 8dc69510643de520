"""Customers: everything else belongs to one."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, null

from billing import tables
from schema import consents, invoices, payment_methods, subscriptions
from schema.connections import Connection
from schema.nodes import Node
from schema.nouns import Change, Consent, ConsentLedger, Invoice, Payment, PaymentMethod, SetupSession, Subscription
from schema.reads import column, described, node, numbered, one, paged, part
from schema.scalars import JSON

table: Any = tables.Customer
method: Any = tables.PaymentMethod


@described
@node(table, "customer", owner="id", stripe="cus_")
class Customer(Node):
    """A person or a company that the merchant bills."""

    external_id: str = column(table.external_id, "The merchant's own id of this person or company; unique.")
    email: str | None = column(table.email, "Where Stripe sends receipts.")
    name: str | None = column(table.name, "As it stands on invoices.")
    stripe_id: str | None = column(table.stripe_id, "Stripe's id: cus_...")
    metadata: JSON | None = column(
        table.stripe_metadata, "The merchant's own keys at Stripe; null for a customer's own token.", customers=null()
    )
    created_at: datetime = column(table.created_at, "When it was made at Stripe.")
    deleted_at: datetime | None = column(table.deleted_at, "When it was deleted at Stripe.")
    default_payment_method: PaymentMethod | None = one(
        "What is charged where nothing else is said.",
        on=and_(method.customer_id == table.id, method.stripe_id == table.default_payment_method_stripe_id),
    )
    payment_methods: Connection[PaymentMethod] = paged(
        "The saved methods, detached ones included.",
        payment_methods.OF_TYPE,
        payment_methods.WITH_STATUS,
        on=tables.PaymentMethod.customer_id == table.id,
    )
    consents: Connection[Consent] = paged(
        "What the customer allowed.", consents.WITH_STATUS, on=tables.Consent.customer_id == table.id
    )
    consent_ledger: ConsentLedger = part("The proof of it.")
    setup_sessions: Connection[SetupSession] = paged(
        "The hosted pages on which methods were to be saved.", on=tables.SetupSession.customer_id == table.id
    )
    subscriptions: Connection[Subscription] = paged(
        "What is billed again and again.",
        subscriptions.WITH_STATUS,
        on=tables.Subscription.customer_id == table.id,
    )
    invoices: Connection[Invoice] = paged(
        "What was billed.", invoices.WITH_STATUS, on=tables.Invoice.customer_id == table.id
    )
    payments: Connection[Payment] = paged("What was, or is to be, paid.", on=tables.Payment.customer_id == table.id)
    history: Connection[Change] = numbered(
        "Every change of it, newest first, each with its cause.", on=tables.Change.node_id == table.id
    )
