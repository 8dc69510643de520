"""The row of a payment: a PaymentIntent."""

from datetime import datetime

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.confirmation import KEPT, UNCONFIRMED, wants_customer
from billing.mirror.fields import merchants_metadata, nested
from billing.mirror.news import News
from billing.mirror.origins import find_agreed, find_maker, lost_operation
from billing.mirror.rows import find_row, new_row, save
from billing.stripe_gateway import JSONObject
from billing.tables import (
    Consent,
    ConsentUsage,
    Customer,
    Invoice,
    InvoicePayment,
    Operation,
    OperationStatus,
    Payment,
    Subscription,
)


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Payment | None:
    """None where it has no customer."""
    if owner is None:
        return None
    row = await find_row(session, Payment, news.id) or await _new(session, news, owner)
    if news.data["status"] == "succeeded":
        row.succeeded_at = row.succeeded_at or news.at
    row = await save(session, row, **_columns(news))
    await attribute(session, payment=news.id)
    if row.status == "canceled":
        await _free(session, row)
    elif _is_declined(row):
        await _give_up(session, row, now)
    return row


async def _new(session: AsyncSession, news: News, owner: Customer) -> Payment:
    maker = await find_maker(session, news, owner, "chargePaymentMethod", Payment)
    row = new_row(Payment, news.id, news.created_at, maker)
    agreed = None if maker else await find_agreed(session, news, owner)
    row.customer_id = owner.id
    row.consent_id = maker.consent_id if maker else agreed.id if agreed else None
    row.confirm_by = row.created_at + KEPT if maker else None
    if agreed is not None and agreed.usage == ConsentUsage.ONE_TIME and news.data["status"] != "canceled":
        agreed.used_by_id = agreed.used_by_id or lost_operation(news)
        session.add(agreed)
    return row


async def _free(session: AsyncSession, payment: Payment) -> None:
    """A consent to one payment can be used again once that payment will never be made."""
    makers = select(Operation.id).where(Operation.node_id == payment.id)
    used = update(Consent).where(col(Consent.id) == payment.consent_id, col(Consent.used_by_id).in_(makers))
    await session.exec(used.values(used_by_id=None).execution_options(synchronize_session=False))


def _is_declined(payment: Payment) -> bool:
    """Whether a charge of Assent's own was refused, where the customer has not only failed to confirm it."""
    code, decline_code = payment.failure_code, payment.failure_decline_code
    refused = payment.status == "requires_payment_method" and code not in (None, UNCONFIRMED)
    return payment.confirm_by is not None and refused and not wants_customer(code, decline_code)


async def _give_up(session: AsyncSession, payment: Payment, now: datetime) -> None:
    """Nobody is asked to pay what was declined after all: the sweep cancels it now, and not when its time is over."""
    ordered = update(Operation).where(
        col(Operation.mutation) == "giveUpPayment",
        col(Operation.key) == str(payment.id),
        col(Operation.status) == OperationStatus.PENDING,
        col(Operation.step).is_(None),
        col(Operation.due_at) > now,
    )
    await session.exec(ordered.values(due_at=now).execution_options(synchronize_session=False))


def _columns(news: News) -> dict[str, object]:
    data = news.data
    return {
        "payment_method_stripe_id": data.get("payment_method") or _refused_method(data),
        "status": data["status"],
        "amount": data["amount"],
        "currency": data["currency"].upper(),
        "description": data.get("description"),
        "failure_code": nested(data, "last_payment_error", "code"),
        "failure_decline_code": nested(data, "last_payment_error", "decline_code"),
        "failure_message": nested(data, "last_payment_error", "message"),
        "next_action_url": nested(data, "next_action", "redirect_to_url", "url"),
        "client_secret": data.get("client_secret"),
        "stripe_metadata": merchants_metadata(data),
    }


def _refused_method(data: JSONObject) -> str | None:
    """Stripe takes a method off a payment that it was refused for; the refusal still names it."""
    refused = nested(data, "last_payment_error", "payment_method")
    return refused.get("id") if isinstance(refused, dict) else refused


async def attribute(
    session: AsyncSession, *, payment: str | None = None, invoice: str | None = None, subscription: str | None = None
) -> None:
    """Gives payments of a managed subscription's invoices its consent, whichever of the four Stripe told of last.

    A payment keeps the consent that it once had: a later one of the subscription's is for later payments.
    """
    paid = (
        select(Subscription.consent_id)
        .join(Invoice, col(Invoice.subscription_stripe_id) == Subscription.stripe_id)
        .join(InvoicePayment, col(InvoicePayment.invoice_stripe_id) == Invoice.stripe_id)
        .where(InvoicePayment.payment_intent_stripe_id == Payment.stripe_id, Payment.customer_id == Invoice.customer_id)
        .limit(1)
        .scalar_subquery()
    )
    statement = update(Payment).where(col(Payment.consent_id).is_(None)).values(consent_id=paid)
    of = select(InvoicePayment.payment_intent_stripe_id)
    if payment is not None:
        statement = statement.where(col(Payment.stripe_id) == payment)
    if invoice is not None:
        statement = statement.where(col(Payment.stripe_id).in_(of.where(InvoicePayment.invoice_stripe_id == invoice)))
    if subscription is not None:
        invoices = select(Invoice.stripe_id).where(Invoice.subscription_stripe_id == subscription)
        of = of.where(col(InvoicePayment.invoice_stripe_id).in_(invoices))
        statement = statement.where(col(Payment.stripe_id).in_(of))
    await session.exec(statement.execution_options(synchronize_session=False))
