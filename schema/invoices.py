"""Invoices, as Stripe bills them."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists
from sqlmodel import col, select

from billing import tables
from billing.renewals import Reason
from schema.connections import Connection
from schema.nodes import Node
from schema.nouns import Customer, Payment, Subscription
from schema.reads import among, as_enum, column, constant, described, many, money, node, one, paged, part
from schema.scalars import URL
from schema.statuses import InvoiceStatus
from schema.values import Money, Period

table: Any = tables.Invoice
line: Any = tables.InvoiceLine
link: Any = tables.InvoicePayment
hold: Any = tables.Hold

STATUS = as_enum(table.status, InvoiceStatus)
WITH_STATUS = among("status", InvoiceStatus, STATUS, "Only those of these statuses.")

_payments = select(link.payment_intent_stripe_id).where(link.invoice_stripe_id == table.stripe_id)

_is_held = exists(
    select(hold.id).where(
        hold.invoice_stripe_id == table.stripe_id,
        hold.ended_at.is_(None),
        hold.reason != constant(Reason.CHARGED_OUTSIDE_CONSENT),
    )
)


@described
@node(line, "invoice_line")
class InvoiceLine:
    """One line of an invoice."""

    description: str | None = column(line.description, "As the customer sees it.")
    amount: Money = money(line.amount, line.currency, "Before tax; negative for a credit.")
    quantity: int | None = column(line.quantity, "How many.")
    period: Period = part("What it is for.", start=line.period_start, end=line.period_end)
    proration: bool = column(line.proration, "Whether it is for a part of a period.")


@described
@node(table, "invoice", owner="customer_id", stripe="in_")
class Invoice(Node):
    """What Stripe billed."""

    customer: Customer = one("Who was billed.", on=tables.Customer.id == table.customer_id)
    subscription: Subscription | None = one(
        "What it is for.", on=tables.Subscription.stripe_id == table.subscription_stripe_id
    )
    number: str | None = column(table.number, "As it is printed; null for a draft.")
    status: InvoiceStatus = column(STATUS, "How it stands.")
    billing_reason: str | None = column(table.billing_reason, "Stripe's word for why it was made.")
    subtotal: Money = money(table.subtotal, table.currency, "Before tax and discounts.")
    tax: Money | None = money(table.tax, table.currency, "The tax; null where none was worked out.")
    total: Money = money(table.total, table.currency, "Everything together.")
    amount_due: Money = money(table.amount_due, table.currency, "What is to be paid, after balance and credits.")
    amount_paid: Money = money(table.amount_paid, table.currency, "What was paid.")
    attempt_count: int = column(table.attempt_count, "How often Stripe has tried to collect it.")
    next_payment_attempt_at: datetime | None = column(table.next_payment_attempt_at, "When Stripe tries again.")
    held: bool = column(_is_held, "Held because no consent covers it, or no method can be charged.")
    lines: list[InvoiceLine] = many(
        "What it is made of.", on=line.invoice_id == table.id, order=(line.position, line.id)
    )
    payments: Connection[Payment] = paged(
        "What was, or is to be, paid on it.", on=col(tables.Payment.stripe_id).in_(_payments)
    )
    hosted_url: URL | None = column(table.hosted_url, "Stripe's page of it.")
    pdf_url: URL | None = column(table.pdf_url, "The invoice as a PDF.")
    stripe_id: str = column(table.stripe_id, "Stripe's id: in_...")
    created_at: datetime = column(table.created_at, "When it was made at Stripe.")
