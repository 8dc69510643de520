"""Whether what is about to be charged for a subscription, or was, is within what the customer agreed to."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import payment_methods
from billing.consents import is_active, scope_of
from billing.consents.carrying import known_to_be_needed_by, needed_by
from billing.consents.coverage import Asker, shortfall, standing_for
from billing.consents.invoiced import needed_for
from billing.errors import PaymentMethodUnusable
from billing.mirror.fields import instant, nested
from billing.renewals.agreed import consents_at
from billing.renewals.holds import Finding, Reason
from billing.stripe_gateway import JSONObject
from billing.tables import (
    Consent,
    ConsentUsage,
    Invoice,
    PaymentMethod,
    StripeObject,
    Subscription,
)

DRAFT, OPEN, PAID = "draft", "open", "paid"


async def stored(session: AsyncSession, stripe_id: str) -> JSONObject:
    """The object as it is known; empty where it is not."""
    found = await session.get(StripeObject, stripe_id, populate_existing=True)
    return found.data if found else {}


# ---------------------------------------------------------------------- a subscription


async def judge_subscription(session: AsyncSession, subscription: Subscription, now: datetime) -> Finding | None:
    """Why nothing more may be billed for it as it is; None where its consent carries it.

    What its renewals will be beside its prices (discounts, taxes) shows on their drafts.
    """
    needed = await needed_by(session, subscription)
    consent = await _consent(session, subscription)
    if not is_active(consent, now):
        return Finding(Reason.CONSENT_REQUIRED, needed or await scope_of(session, consent))
    certain = await known_to_be_needed_by(session, subscription)
    if certain is None:
        return None
    missing = await shortfall(session, consent, certain, Asker(subscription.id), month_of=None)
    return Finding(Reason.CONSENT_SCOPE_EXCEEDED, missing) if missing else None


async def _consent(session: AsyncSession, subscription: Subscription) -> Consent:
    named = await session.get_one(Consent, subscription.consent_id, populate_existing=True)
    return await standing_for(session, named)


# ---------------------------------------------------------------------- an invoice


async def judge_draft(
    session: AsyncSession, subscription: Subscription, invoice: Invoice, now: datetime
) -> Finding | None:
    """Why this invoice may not be collected; None where it may. It is judged for the moment of the charge.

    https://docs.stripe.com/api/invoices/object#invoice_object-automatically_finalizes_at
    """
    data = await stored(session, invoice.stripe_id)
    if invoice.amount_due <= 0 or data.get("collection_method") == "send_invoice":
        return None
    finalizes = data.get("automatically_finalizes_at")
    moment = max(now, instant(finalizes)) if finalizes else now
    consent, needed = await _consent(session, subscription), await needed_for(session, subscription, invoice)
    if not is_active(consent, moment):
        return Finding(Reason.CONSENT_REQUIRED, needed)
    asker = Asker(subscription.id, invoice_stripe_id=invoice.stripe_id)
    if missing := await shortfall(session, consent, needed, asker, month_of=moment):
        return Finding(Reason.CONSENT_SCOPE_EXCEEDED, missing)
    charged = data.get("default_payment_method") or subscription.payment_method_stripe_id
    if data.get("default_source") or not await _may_be_charged(session, subscription, charged, moment):
        return Finding(Reason.PAYMENT_METHOD_UNUSABLE)
    return None


async def _may_be_charged(
    session: AsyncSession, subscription: Subscription, stripe_id: str | None, moment: datetime
) -> bool:
    """Whether there is such a method of this customer's, usable, and saved under a consent for this use."""
    statement = select(PaymentMethod).where(
        PaymentMethod.stripe_id == stripe_id, PaymentMethod.customer_id == subscription.customer_id
    )
    method = (await session.exec(statement)).first()
    if method is None:
        return False
    try:
        await payment_methods.require_usable(session, method, moment)
        await payment_methods.require_saved_for(session, method, ConsentUsage.RECURRING)
    except PaymentMethodUnusable:
        return False
    return True


async def judge_open(
    session: AsyncSession, subscription: Subscription, invoice: Invoice, now: datetime
) -> Finding | None:
    """Why Stripe may not try again to collect this open invoice; None where its consent covers it at the next try.

    Of a month's maximum it needs no more room than it has: until it is paid it counts in every month.
    """
    data = await stored(session, invoice.stripe_id)
    if invoice.amount_due <= 0 or data.get("collection_method") == "send_invoice":
        return None
    consent, needed = await _consent(session, subscription), await needed_for(session, subscription, invoice)
    if not is_active(consent, max(now, invoice.next_payment_attempt_at or now)):
        return Finding(Reason.CONSENT_REQUIRED, needed)
    missing = await shortfall(session, consent, needed, Asker(subscription.id), month_of=None)
    return Finding(Reason.CONSENT_SCOPE_EXCEEDED, missing) if missing else None


async def judge_finalized(session: AsyncSession, subscription: Subscription, invoice: Invoice) -> Finding | None:
    """Why this invoice should not have been finalized, or paid; None where a consent covered it at that time."""
    data = await stored(session, invoice.stripe_id)
    amount = invoice.amount_paid if invoice.status == PAID else invoice.amount_due
    if amount <= 0 or (data.get("collection_method") == "send_invoice" and invoice.status != PAID):
        return None
    moment = _finalized_at(invoice, data)
    needed = replace(await needed_for(session, subscription, invoice), maximum_amount=amount)
    asker = Asker(subscription.id, invoice_stripe_id=invoice.stripe_id)
    finding = Finding(Reason.CONSENT_REQUIRED, needed)
    for consent in await consents_at(session, subscription, await _consent(session, subscription), moment):
        missing = await shortfall(session, consent, needed, asker, month_of=moment)
        if missing is None:
            return None
        finding = Finding(Reason.CONSENT_SCOPE_EXCEEDED, missing)
    return finding


def _finalized_at(invoice: Invoice, data: JSONObject) -> datetime:
    name = "paid_at" if invoice.status == PAID else "finalized_at"
    second = nested(data, "status_transitions", name)
    return instant(second) if second else invoice.created_at
