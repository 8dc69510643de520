"""The rows of what is held: one for each invoice, and one for a subscription whose collection was stopped."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from billing.errors import Scope
from billing.metrics import RENEWALS_HELD
from billing.tables import Hold, Invoice, Subscription


class Reason(StrEnum):
    """Those of GraphQL's AttentionReason that are decisions of ours."""

    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    CONSENT_SCOPE_EXCEEDED = "CONSENT_SCOPE_EXCEEDED"
    PAYMENT_METHOD_UNUSABLE = "PAYMENT_METHOD_UNUSABLE"
    CHARGED_OUTSIDE_CONSENT = "CHARGED_OUTSIDE_CONSENT"


# Fit for the customer too.
MESSAGES = {
    Reason.CONSENT_REQUIRED: "Nothing is charged for this subscription until the customer gives a new consent.",
    Reason.CONSENT_SCOPE_EXCEEDED: "This subscription asks for more than the consent allows, and is not charged.",
    Reason.PAYMENT_METHOD_UNUSABLE: "This subscription needs a payment method that can be charged.",
    Reason.CHARGED_OUTSIDE_CONSENT: "A payment for this subscription was made that the consent does not cover.",
}


@dataclass(frozen=True)
class Finding:
    """Why something may not be charged; `required` is what a consent has to allow, where that would help."""

    reason: Reason
    required: Scope | None = None


async def of_invoice(session: AsyncSession, invoice: Invoice) -> Hold | None:
    """The hold of the invoice, if it is held."""
    statement = select(Hold).where(Hold.invoice_stripe_id == invoice.stripe_id, col(Hold.ended_at).is_(None))
    return (await session.exec(statement)).first()


async def of_subscription(session: AsyncSession, subscription: Subscription) -> Hold | None:
    """The stop of the subscription's collection, if it is stopped."""
    return (await session.exec(_stops(subscription).where(col(Hold.ended_at).is_(None)))).first()


def _stops(subscription: Subscription) -> SelectOfScalar[Hold]:
    return select(Hold).where(Hold.subscription_id == subscription.id, col(Hold.invoice_stripe_id).is_(None))


async def held_invoices(session: AsyncSession, subscription: Subscription) -> list[tuple[Hold, Invoice]]:
    """What waits to be released or given up, newest first."""
    statement = (
        select(Hold, Invoice)
        .join(Invoice, col(Invoice.stripe_id) == Hold.invoice_stripe_id)
        .where(
            Hold.subscription_id == subscription.id,
            col(Hold.ended_at).is_(None),
            Hold.reason != Reason.CHARGED_OUTSIDE_CONSENT,
        )
        .order_by(col(Invoice.created_at).desc(), col(Invoice.id).desc())
    )
    return list((await session.exec(statement)).all())


async def outside(session: AsyncSession, subscription: Subscription) -> list[Hold]:
    """What was charged without a consent, and nobody has answered for yet."""
    statement = select(Hold).where(
        Hold.subscription_id == subscription.id,
        Hold.reason == Reason.CHARGED_OUTSIDE_CONSENT,
        col(Hold.ended_at).is_(None),
    )
    return list((await session.exec(statement)).all())


async def put(
    session: AsyncSession, subscription: Subscription, invoice: Invoice | None, finding: Finding, now: datetime
) -> Hold:
    """Writes that the invoice, or with None the subscription, is held for this; `now` is since when, if it is new."""
    same = Hold.invoice_stripe_id == invoice.stripe_id if invoice else None
    statement = select(Hold).where(same) if same is not None else _stops(subscription)
    hold = (await session.exec(statement)).first()
    if hold is None or hold.ended_at is not None:
        RENEWALS_HELD.labels(finding.reason).inc()
    if hold is None:
        hold = Hold(
            created_at=now,
            invoice_stripe_id=invoice.stripe_id if invoice else None,
            subscription_id=subscription.id,
            customer_id=subscription.customer_id,
            reason=finding.reason,
            message="",
        )
    if hold.ended_at is not None:
        hold.created_at, hold.ended_at, hold.resumes_at = now, None, None
    hold.reason, hold.message = finding.reason, MESSAGES[finding.reason]
    hold.required = finding.required.dump() if finding.required else None
    session.add(hold)
    await session.flush()
    return hold


def end(session: AsyncSession, hold: Hold | None, now: datetime) -> None:
    """It is released, or given up."""
    if hold is not None and hold.ended_at is None:
        hold.ended_at = now
        session.add(hold)


def finding_of(hold: Hold) -> Finding:
    """What it was held for."""
    return Finding(Reason(hold.reason), Scope.load(hold.required) if hold.required else None)
