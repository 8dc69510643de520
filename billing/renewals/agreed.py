"""What a subscription rested on at an earlier time: news of what was billed then may come after a newer consent."""

from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, union
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents.spending import line_of
from billing.tables import Consent, Invoice, InvoicePayment, Operation, OperationStatus, Payment, Subscription


async def consents_at(
    session: AsyncSession, subscription: Subscription, current: Consent, moment: datetime
) -> list[Consent]:
    """Of those that it rests on, or has rested on, the ones that stood at `moment`, newest first."""
    newer = aliased(Consent)
    statement = (
        select(Consent, newer.created_at)
        .outerjoin(newer, col(Consent.superseded_by_id) == newer.id)
        .where(col(Consent.id).in_(_rested_on(subscription, current)))
        .order_by(col(Consent.created_at).desc(), col(Consent.id).desc())
    )
    found = (await session.exec(statement)).all()
    return [consent for consent, superseded_at in found if _stood(consent, superseded_at, current, moment)]


def _rested_on(subscription: Subscription, current: Consent) -> CompoundSelect[Any]:
    """The current one and those whose place it took; those of its payments, and of what was asked for it here."""
    paid = (
        select(Payment.consent_id)
        .join(InvoicePayment, col(InvoicePayment.payment_intent_stripe_id) == Payment.stripe_id)
        .join(Invoice, col(Invoice.stripe_id) == InvoicePayment.invoice_stripe_id)
        .where(Invoice.subscription_stripe_id == subscription.stripe_id, col(Payment.consent_id).is_not(None))
    )
    asked = select(Operation.consent_id).where(
        Operation.node_id == subscription.id,
        Operation.status == OperationStatus.SUCCEEDED,
        col(Operation.consent_id).is_not(None),
    )
    return union(line_of(current), paid, asked)


def _stood(consent: Consent, superseded_at: datetime | None, current: Consent, moment: datetime) -> bool:
    """Stripe tells whole seconds. From when the current one was given, an older one carries nothing of it."""
    begun = consent.created_at.replace(microsecond=0) <= moment
    replaced_at = current.created_at if consent.created_at < current.created_at else None
    endings = (consent.revoked_at, consent.expires_at, superseded_at, replaced_at)
    return begun and all(ended is None or ended > moment for ended in endings)
