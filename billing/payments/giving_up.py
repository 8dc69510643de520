"""Giving up a charge that nobody finished: it is canceled at Stripe, after which nothing can be paid on it."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.errors import StripeRejected
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered
from billing.stripe_gateway import Answer, Request
from billing.tables import Operation, Payment

# Statuses of a PaymentIntent that nothing leads out of.
OVER = ("succeeded", "canceled")


async def order(session: AsyncSession, payment: Payment, now: datetime) -> None:
    """Has the payment canceled when its time is over, unless it was made by then."""
    call = Call("giveUpPayment", Caller.assent(), str(payment.id), {"payment_id": str(payment.id)}, payment.customer_id)
    await operations.order(session, call, now, due_at=payment.confirm_by)


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    payment = await session.get_one(Payment, UUID(operation.intent["payment_id"]))
    operation.node_id, operation.subject = payment.id, payment.stripe_id
    if payment.status in OVER:
        return Finish()
    path = f"/v1/payment_intents/{payment.stripe_id}/cancel"
    return Send("cancel", Request("post", path, {"cancellation_reason": "abandoned"}))


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected) and outcome.http_status in (400, 404):
        # Paid in the meantime, perhaps, or the bank has not answered yet.
        return Send("look", Request("get", f"/v1/payment_intents/{operation.subject}", {}))
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


async def _record_looked(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer: Answer = answered(outcome)
    if answer.data["status"] not in OVER:
        # Which lets go of it, to be tried again.
        raise StripeRejected(f"This payment is {answer.data['status']} and cannot be given up yet.", 400)
    await mirror.record(session, answer, now=now)
    return Finish()


GIVE_UP = Procedure("giveUpPayment", _begin, {"cancel": _record, "look": _record_looked})
