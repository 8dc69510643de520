"""Payments: PaymentIntents."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, cast, func, null, or_
from sqlmodel import col, select

from billing import tables
from billing.confirmation import waits_for_customer
from schema.nodes import Node
from schema.nouns import Consent, Customer, Dispute, Invoice, PaymentMethod, Refund
from schema.reads import among, as_enum, column, constant, described, many, money, node, one, part
from schema.scalars import JSON, URL
from schema.statuses import PaymentStatus
from schema.values import Money

table: Any = tables.Payment
link: Any = tables.InvoicePayment
refund: Any = tables.Refund

STATUS = as_enum(table.status, PaymentStatus)
WITH_STATUS = among("status", PaymentStatus, STATUS, "Only those of these statuses.")

_invoice = (
    select(link.invoice_stripe_id)
    .where(link.payment_intent_stripe_id == table.stripe_id)
    .order_by(col(link.is_default).desc(), col(link.created_at).desc(), col(link.id).desc())
    .limit(1)
    .scalar_subquery()
)

# What Stripe says of a decline where the same method may well work later:
# https://docs.stripe.com/declines/codes
TRY_AGAIN = frozenset(
    {
        "approve_with_id",
        "card_velocity_exceeded",
        "insufficient_funds",
        "issuer_not_available",
        "processing_error",
        "reenter_transaction",
        "try_again_later",
        "withdrawal_count_limit_exceeded",
    }
)

# What a customer's token is told instead of the bank's words.
GENERIC_CODE = "payment_declined"
GENERIC_MESSAGE = "The payment was declined. Use another payment method, or ask your bank."

_refunded = (
    select(cast(func.coalesce(func.sum(refund.amount), 0), BigInteger()))
    .where(
        refund.payment_stripe_id == table.stripe_id, refund.status.not_in([constant(each) for each in tables.UNDONE])
    )
    .scalar_subquery()
)

_reason = func.coalesce(table.failure_decline_code, table.failure_code, "")


@described
class PaymentFailure:
    """Why a payment failed.

    `declineCode` and the exact `code` are for API keys; a customer's token gets generic words.
    """

    code: str = column(
        func.coalesce(table.failure_code, "payment_failed"), "Stripe's code.", customers=constant(GENERIC_CODE)
    )
    decline_code: str | None = column(table.failure_decline_code, "The bank's reason.", customers=null())
    message: str = column(
        func.coalesce(table.failure_message, "The payment failed."),
        "One sentence for a person.",
        customers=constant(GENERIC_MESSAGE),
    )
    retryable: bool = column(
        _reason.in_([constant(code) for code in sorted(TRY_AGAIN)]),
        "Whether the same method may work later, with a new idempotencyKey.",
    )


@described
class PaymentNextAction:
    """How the customer confirms: a page, or the secret for Stripe's own form."""

    url: URL | None = column(table.next_action_url, "The page to send the customer to.")
    client_secret: str | None = column(table.client_secret, "For Stripe's own form in the browser.")
    expires_at: datetime | None = column(
        table.confirm_by, "When Assent gives the payment up unless it was confirmed; null: not known."
    )


@described
@node(table, "payment", owner="customer_id", stripe="pi_")
class Payment(Node):
    """A Stripe PaymentIntent."""

    customer: Customer = one("Who pays.", on=tables.Customer.id == table.customer_id)
    invoice: Invoice | None = one("What it pays.", on=tables.Invoice.stripe_id == _invoice)
    payment_method: PaymentMethod | None = one(
        "What is charged.", on=tables.PaymentMethod.stripe_id == table.payment_method_stripe_id
    )
    consent: Consent | None = one("What it rests on.", on=tables.Consent.id == table.consent_id)
    status: PaymentStatus = column(STATUS, "How it stands.")
    amount: Money = money(table.amount, table.currency, "What is to be paid.")
    amount_refunded: Money = money(_refunded, table.currency, "What was given back of it, or is on its way.")
    description: str | None = column(table.description, "What it is for.")
    metadata: JSON | None = column(
        table.stripe_metadata, "The merchant's own keys at Stripe; null for a customer's token.", customers=null()
    )
    failure: PaymentFailure | None = part(
        "Why the last try failed; null while none has.",
        when=or_(col(table.failure_code).is_not(None), col(table.failure_message).is_not(None)),
    )
    next_action: PaymentNextAction | None = part(
        "What the customer has to do; null while that is nothing.", when=waits_for_customer()
    )
    refunds: list[Refund] = many(
        "What was given back of it.",
        on=refund.payment_stripe_id == table.stripe_id,
        order=(refund.created_at, refund.id),
    )
    disputes: list[Dispute] = many(
        "Where the customer's bank, or Amazon, called it into question.",
        on=tables.Dispute.payment_stripe_id == table.stripe_id,
        order=(tables.Dispute.created_at, tables.Dispute.id),
    )
    stripe_id: str = column(table.stripe_id, "Stripe's id: pi_...")
    created_at: datetime = column(table.created_at, "When it was made at Stripe.")
