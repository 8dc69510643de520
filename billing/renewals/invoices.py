"""Invoices of managed subscriptions, held to the consent in whatever state they are."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.operations import Call
from billing.renewals import holds
from billing.renewals.holding import HOLD_INVOICE, hold_call
from billing.renewals.holds import Finding, Reason
from billing.renewals.judging import OPEN, PAID, judge_draft, judge_finalized, judge_open, stored
from billing.renewals.refunding import refund_calls
from billing.renewals.releasing import RELEASE_INVOICE
from billing.renewals.stopping import RESUME_COLLECTION, STOP_SUBSCRIPTION
from billing.tables import (
    ENDED,
    Invoice,
    InvoicePayment,
    Operation,
    OperationStatus,
    Payment,
    StripeObject,
    Subscription,
)

# The reason of an invoice that the creation of its subscription itself holds to the consent, and pays.
FIRST = "subscription_create"
# Operations of our own that follow from what is decided here.
OWN = (HOLD_INVOICE, RELEASE_INVOICE, STOP_SUBSCRIPTION, RESUME_COLLECTION)


async def consider_invoice(
    session: AsyncSession, subscription: Subscription, stripe_id: str, now: datetime, *, refund: bool
) -> list[Call]:
    """Holds it to the consent, in whatever state it is; with `refund`, what was charged without one is given back."""
    statement = select(Invoice).where(Invoice.stripe_id == stripe_id)
    invoice = (await session.exec(statement.execution_options(populate_existing=True))).first()
    if invoice is None or await is_being_changed(session, subscription, now):
        return []
    match invoice.status:
        case "draft":
            calls = await consider_draft(session, subscription, invoice, now)
        case "open" | "uncollectible":
            calls = await _consider_open(session, subscription, invoice, now)
        case "paid":
            calls = await _consider_paid(session, subscription, invoice, now)
            return calls if refund else []
        case _:
            holds.end(session, await holds.of_invoice(session, invoice), now)
            calls = []
    _judged(session, invoice)
    return calls


def _judged(session: AsyncSession, invoice: Invoice) -> None:
    invoice.judged_as = invoice.status
    session.add(invoice)


async def consider_draft(
    session: AsyncSession, subscription: Subscription, invoice: Invoice, now: datetime
) -> list[Call]:
    """What is held stays so until a consent or a method releases it, unless somebody lets it be collected again."""
    collected = (await stored(session, invoice.stripe_id)).get("auto_advance", True)
    if (subscription.status in ENDED and not collected) or invoice.billing_reason == FIRST:
        return []
    finding = await judge_draft(session, subscription, invoice, now)
    if finding is None and not collected:
        finding = await _stopped_for(session, subscription)
    if finding is None:
        if collected:
            holds.end(session, await holds.of_invoice(session, invoice), now)
        return []
    await holds.put(session, subscription, invoice, finding, now)
    if not collected:
        return []
    return [hold_call(invoice, key=await state_of(session, invoice.id, invoice.stripe_id), void=True)]


async def _stopped_for(session: AsyncSession, subscription: Subscription) -> Finding | None:
    """Drafts of a stopped subscription are not collected either, whatever they ask for."""
    stopped = await holds.of_subscription(session, subscription)
    return holds.finding_of(stopped) if stopped else None


async def _consider_open(
    session: AsyncSession, subscription: Subscription, invoice: Invoice, now: datetime
) -> list[Call]:
    if invoice.judged_as == invoice.status:
        return await leave_uncollected(session, subscription, invoice, now)
    finding = await judge_finalized(session, subscription, invoice)
    if finding is None:
        holds.end(session, await holds.of_invoice(session, invoice), now)
        return await leave_uncollected(session, subscription, invoice, now)
    await holds.put(session, subscription, invoice, finding, now)
    return [hold_call(invoice, key=await state_of(session, invoice.id, invoice.stripe_id), void=True)]


async def leave_uncollected(
    session: AsyncSession, subscription: Subscription, invoice: Invoice, now: datetime
) -> list[Call]:
    """Takes it from Stripe's retries where its consent covers it no longer: it was owed rightly, and stays due."""
    data = await stored(session, invoice.stripe_id)
    if invoice.status != OPEN or not data.get("auto_advance", True):
        return []
    if await judge_open(session, subscription, invoice, now) is None:
        return []
    state = await state_of(session, invoice.id, invoice.stripe_id)
    return [hold_call(invoice, key=f"{state}:due", void=False)]


async def _consider_paid(
    session: AsyncSession, subscription: Subscription, invoice: Invoice, now: datetime
) -> list[Call]:
    """Once it is known what paid it: money that came in another way was not charged."""
    statement = (
        select(InvoicePayment.id)
        .join(Payment, col(Payment.stripe_id) == InvoicePayment.payment_intent_stripe_id)
        .where(InvoicePayment.invoice_stripe_id == invoice.stripe_id, Payment.status == "succeeded")
    )
    charged = (await session.exec(statement)).first() is not None
    if invoice.judged_as == PAID or (not charged and invoice.amount_paid > 0):
        return []
    finding = await judge_finalized(session, subscription, invoice)
    _judged(session, invoice)
    if finding is None:
        holds.end(session, await holds.of_invoice(session, invoice), now)
        return []
    outside = Finding(Reason.CHARGED_OUTSIDE_CONSENT, finding.required)
    await holds.put(session, subscription, invoice, outside, now)
    return await refund_calls(session, invoice)


async def state_of(session: AsyncSession, row_id: UUID, stripe_id: str) -> str:
    """A key for what is to be done about this very state of an object."""
    found = await session.get_one(StripeObject, stripe_id)
    return f"{row_id}:{found.known_from}:{found.states[-1]}"


async def is_being_changed(session: AsyncSession, subscription: Subscription, now: datetime) -> bool:
    """Whether somebody's operation has it just now: who judged it meanwhile would see half of a change."""
    statement = select(Operation.id).where(
        Operation.status == OperationStatus.PENDING,
        col(Operation.due_at) > now,
        col(Operation.step).is_not(None),
        col(Operation.mutation).not_in(OWN),
        or_(col(Operation.node_id) == subscription.id, col(Operation.subject) == subscription.stripe_id),
    )
    return (await session.exec(statement.limit(1))).first() is not None
