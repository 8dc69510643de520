"""What was charged, or still may be, under a consent in one calendar month."""

from datetime import UTC, datetime
from functools import reduce
from operator import add
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, false, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import (
    Consent,
    Hold,
    Invoice,
    InvoicePayment,
    Operation,
    OperationStatus,
    Payment,
    StripeObject,
    Subscription,
)

CHARGES, RELEASES = "chargePaymentMethod", "releaseInvoice"

PAID = "paid"
# Statuses from which Stripe may still collect, in whatever month the invoice was made.
COLLECTIBLE = ("draft", "open")
# Operations that charge in the call that changes a subscription, and the steps at which they may be doing so.
CHARGE_AT_ONCE = {"updateSubscription": ("change", "find"), "resumeSubscription": ("resume", "find")}
UNSETTLED = (OperationStatus.PENDING, OperationStatus.UNKNOWN)

Amount = ScalarSelect[Any]


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """The first instants of `now`'s month and of the next one, UTC."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


async def month_total(
    session: AsyncSession,
    consent: Consent,
    now: datetime,
    *,
    except_invoice: str | None = None,
    except_unpaid_of: UUID | None = None,
    except_operation: Operation | None = None,
) -> int:
    """What rests on the consent, in the smallest unit of its currency: paid in `now`'s month, or still to be paid.

    Those are the invoices of its subscriptions, and Assent's own charges from their reservation on, under it or under
    consents whose place it took. An invoice's own payment is not counted beside it, and a refund gives nothing back.
    Left out are the invoice with the Stripe id `except_invoice`, what is not yet paid of the subscription
    `except_unpaid_of`, and the charge of `except_operation`: those are what is being decided.

    It is one statement, so that what passes from one of the sums to another meanwhile is in one of them.
    """
    parts = (
        _invoiced(consent, now, except_invoice, except_unpaid_of),
        _charged(consent, now, except_operation),
        _reserved(consent, except_operation),
        _changing(consent, except_operation),
    )
    return int((await session.exec(select(reduce(add, parts)))).one())


def _sum(amount: Any) -> Select[Any]:
    return select(func.coalesce(func.sum(amount), 0))


def line_of(consent: Consent) -> Select[UUID]:
    """The consent and those whose place it took, one after the other: a new agreement does not begin the month anew."""
    line = select(Consent.id).where(Consent.id == consent.id).cte(recursive=True)
    older = select(Consent.id).join(line, col(Consent.superseded_by_id) == line.c.id)
    return select(line.union(older).c.id)


def _invoiced(consent: Consent, now: datetime, except_invoice: str | None, except_unpaid_of: UUID | None) -> Amount:
    amount = case((col(Invoice.status) == PAID, col(Invoice.amount_paid)), else_=col(Invoice.amount_due))
    unpaid = and_(col(Invoice.status).in_(COLLECTIBLE), ~_is_held())
    statement = (
        _sum(amount)
        .join(Subscription, col(Subscription.stripe_id) == Invoice.subscription_stripe_id)
        .outerjoin(StripeObject, col(StripeObject.stripe_id) == Invoice.stripe_id)
        .where(col(Subscription.consent_id) == consent.id, or_(unpaid, _paid_in(month_of(now))))
    )
    if except_invoice is not None:
        statement = statement.where(col(Invoice.stripe_id) != except_invoice)
    if except_unpaid_of is not None:
        statement = statement.where(or_(col(Subscription.id) != except_unpaid_of, ~unpaid))
    return statement.scalar_subquery()


def _changing(consent: Consent, except_operation: Operation | None) -> Amount:
    """What changes of subscriptions may be charging now, of which Stripe has not told yet."""
    charging = or_(
        *(
            and_(col(Operation.mutation) == mutation, col(Operation.step).in_(steps))
            for mutation, steps in CHARGE_AT_ONCE.items()
        )
    )
    statement = _sum(col(Operation.result)["due_now"].as_float()).where(
        col(Operation.consent_id).in_(line_of(consent)), charging, col(Operation.status).in_(UNSETTLED)
    )
    if except_operation is not None:
        statement = statement.where(col(Operation.id) != except_operation.id)
    return statement.scalar_subquery()


def _is_held() -> ColumnElement[bool]:
    """A draft that Stripe does not collect by itself, and that nobody is releasing: its release is decided anew."""
    held = select(Hold.id).where(Hold.invoice_stripe_id == Invoice.stripe_id, col(Hold.ended_at).is_(None))
    released = select(Operation.id).where(
        Operation.node_id == Invoice.id,
        Operation.mutation == RELEASES,
        col(Operation.status).in_((OperationStatus.PENDING, OperationStatus.UNKNOWN)),
    )
    left = col(StripeObject.data)["auto_advance"].as_boolean().is_(False)
    is_draft = col(Invoice.status) == "draft"
    return func.coalesce(and_(is_draft, left, held.exists(), ~released.exists()), false())


def _paid_in(month: tuple[datetime, datetime]) -> ColumnElement[bool]:
    """By the time of payment; where Stripe's object does not tell it, by the invoice's own."""
    start, end = month
    paid_at = col(StripeObject.data)["status_transitions"]["paid_at"].as_float()
    created = and_(paid_at.is_(None), col(Invoice.created_at) >= start, col(Invoice.created_at) < end)
    paid = and_(paid_at >= start.timestamp(), paid_at < end.timestamp())
    return and_(col(Invoice.status) == PAID, or_(paid, created))


def _charged(consent: Consent, now: datetime, except_operation: Operation | None) -> Amount:
    """Until a payment is canceled at Stripe it can still succeed."""
    start, end = month_of(now)
    paid = and_(col(Payment.succeeded_at) >= start, col(Payment.succeeded_at) < end)
    of_invoices = select(InvoicePayment.id).where(InvoicePayment.payment_intent_stripe_id == Payment.stripe_id)
    statement = _sum(Payment.amount).where(
        col(Payment.consent_id).in_(line_of(consent)),
        col(Payment.status) != "canceled",
        or_(col(Payment.status) != "succeeded", paid),
        ~of_invoices.exists(),
    )
    if except_operation is not None:
        statement = statement.where(col(Payment.id) != except_operation.node_id)
    return statement.scalar_subquery()


def _reserved(consent: Consent, except_operation: Operation | None) -> Amount:
    """Charges that may have been sent, and of which Stripe has told nothing yet."""
    statement = _sum(col(Operation.intent)["amount"].as_float()).where(
        col(Operation.consent_id).in_(line_of(consent)),
        col(Operation.mutation) == CHARGES,
        col(Operation.status).in_(UNSETTLED),
        col(Operation.node_id).not_in(select(Payment.id)),
    )
    if except_operation is not None:
        statement = statement.where(col(Operation.id) != except_operation.id)
    return statement.scalar_subquery()
