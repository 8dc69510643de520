"""Giving back, by setting, what others charged for a managed subscription without a consent."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.callers import Caller
from billing.consents.locking import hold_customer
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered, ours
from billing.stripe_gateway import Request
from billing.tables import UNDONE, Invoice, InvoicePayment, Operation, Payment, Refund


async def refund_calls(session: AsyncSession, invoice: Invoice) -> list[Call]:
    """The calls that give back what was paid on the invoice, once for each payment."""
    return [
        Call(
            "refundOutsideConsent",
            Caller.assent(),
            f"{invoice.id}:{payment.id}",
            {"payment_id": str(payment.id)},
            invoice.customer_id,
        )
        for payment in await _payments(session, invoice)
    ]


async def is_given_back(session: AsyncSession, invoice: Invoice) -> bool:
    """Whether nothing is left of what was paid on it."""
    payments = await _payments(session, invoice)
    return bool(payments) and not any([await _left(session, each) for each in payments])


async def _payments(session: AsyncSession, invoice: Invoice) -> list[Payment]:
    statement = (
        select(Payment)
        .join(InvoicePayment, col(InvoicePayment.payment_intent_stripe_id) == Payment.stripe_id)
        .where(InvoicePayment.invoice_stripe_id == invoice.stripe_id, Payment.status == "succeeded")
    )
    return list((await session.exec(statement.order_by(col(Payment.created_at), col(Payment.id)))).all())


async def _left(session: AsyncSession, payment: Payment) -> int:
    given = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_stripe_id == payment.stripe_id, col(Refund.status).not_in(UNDONE)
    )
    return payment.amount - int((await session.exec(given)).one())


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    await hold_customer(session, operation.customer_id)
    payment = await session.get_one(Payment, UUID(operation.intent["payment_id"]), populate_existing=True)
    left = await _left(session, payment)
    if left <= 0:
        return Finish()
    params = {"payment_intent": payment.stripe_id, "amount": left, "metadata": ours(operation)}
    return Send("refund", Request("post", "/v1/refunds", params))


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer = answered(outcome)
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answer, now=now)
    return Finish()


REFUND = Procedure("refundOutsideConsent", _begin, {"refund": _record})
