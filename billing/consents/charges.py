"""What was charged under a consent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Dispute, Invoice, InvoicePayment, Payment, Refund

Made = TypeVar("Made", Refund, Dispute)


@dataclass(frozen=True)
class Charge:
    """A payment, the invoice that it pays, and what became of it afterwards."""

    payment: Payment
    invoice: Invoice | None
    refunds: tuple[Refund, ...]
    disputes: tuple[Dispute, ...]


async def charges_under(session: AsyncSession, consent_id: UUID) -> list[Charge]:
    """All payments that rest on the consent, oldest first, failed ones too."""
    statement = (
        select(Payment, Invoice)
        .outerjoin(InvoicePayment, col(InvoicePayment.payment_intent_stripe_id) == Payment.stripe_id)
        .outerjoin(Invoice, col(Invoice.stripe_id) == InvoicePayment.invoice_stripe_id)
        .where(Payment.consent_id == consent_id)
        .order_by(col(Payment.created_at), col(Payment.id), col(InvoicePayment.is_default).desc())
    )
    rows = {payment.id: (payment, invoice) for payment, invoice in reversed((await session.exec(statement)).all())}
    refunds = await _refunds(session, consent_id)
    disputes = await _disputes(session, consent_id)
    return [
        Charge(payment, invoice, _of(payment, refunds), _of(payment, disputes))
        for payment, invoice in reversed(rows.values())
    ]


async def _refunds(session: AsyncSession, consent_id: UUID) -> list[Refund]:
    statement = select(Refund).join(Payment, col(Payment.stripe_id) == Refund.payment_stripe_id)
    ordered = statement.where(Payment.consent_id == consent_id).order_by(col(Refund.created_at), col(Refund.id))
    return list((await session.exec(ordered)).all())


async def _disputes(session: AsyncSession, consent_id: UUID) -> list[Dispute]:
    statement = select(Dispute).join(Payment, col(Payment.stripe_id) == Dispute.payment_stripe_id)
    ordered = statement.where(Payment.consent_id == consent_id).order_by(col(Dispute.created_at), col(Dispute.id))
    return list((await session.exec(ordered)).all())


def _of(payment: Payment, made: Sequence[Made]) -> tuple[Made, ...]:
    return tuple(each for each in made if each.payment_stripe_id == payment.stripe_id)
