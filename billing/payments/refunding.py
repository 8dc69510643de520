"""Giving money of a payment back: all that is left of it, or a part, never more than was paid."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import limits, mirror, operations
from billing.callers import Caller
from billing.consents.locking import hold_customer
from billing.errors import InvalidInput, InvalidTransition
from billing.input import check_key, raise_problems
from billing.money import Money
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered, ours
from billing.payments.reading import get
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request
from billing.tables import UNDONE, Operation, OperationStatus, Payment, PaymentMethod, Refund

REFUNDS = "refundPayment"


@dataclass(frozen=True)
class NewRefund:
    """What is wanted; without an amount all that is left. `reason` is Stripe's word."""

    payment_id: UUID | None
    amount: Money | None = None
    reason: str | None = None


async def refund(runtime: Runtime, caller: Caller, wanted: NewRefund, *, idempotency_key: str) -> tuple[UUID, UUID]:
    """The ids of the refund and its payment; one refund at most for the key, however often it is called.

    How it ends may come later, as an event: Amazon Pay takes its time, and what succeeded may still come back. Raises
    InvalidInput (more than is left, another currency), NotFound, InvalidTransition (nothing was paid, or all of it was
    given back), PaymentMethodLimit (too late), IdempotencyMismatch, Conflict, StripeRejected, StripeUnavailable.
    """
    raise_problems(check_key(idempotency_key))
    async with runtime.database.read() as session:
        payment = await get(session, caller, wanted.payment_id)
        call = _call(caller, wanted, payment, idempotency_key)
        if not await operations.is_begun(session, call):
            await _require_in_time(session, runtime, payment)
    operation = await operations.run(runtime, REFUND, call)
    return UUID(operation.result["refund_id"]), payment.id


async def _require_in_time(session: AsyncSession, runtime: Runtime, payment: Payment) -> None:
    charged = select(PaymentMethod.stripe_type).where(PaymentMethod.stripe_id == payment.payment_method_stripe_id)
    stripe_type, paid_at = (await session.exec(charged)).first(), payment.succeeded_at or payment.created_at
    limits.require_refundable(runtime.limits, stripe_type, paid_at, runtime.clock())


def _call(caller: Caller, wanted: NewRefund, payment: Payment, key: str) -> Call:
    intent = {
        "payment_id": str(payment.id),
        "amount": wanted.amount.amount if wanted.amount else None,
        "currency": wanted.amount.currency if wanted.amount else None,
        "refund_reason": wanted.reason,
    }
    return Call(REFUNDS, caller, key, intent, payment.customer_id)


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """Under the customer's lock, so that two at once see each other; the pending operation counts from here on."""
    await hold_customer(session, operation.customer_id)
    payment = await session.get_one(Payment, UUID(operation.intent["payment_id"]), populate_existing=True)
    amount = _amount(operation, payment, await _left(session, operation, payment))
    params = {
        "payment_intent": payment.stripe_id,
        "amount": amount,
        "metadata": ours(operation),
    }
    if reason := operation.intent["refund_reason"]:
        params["reason"] = reason
    return Send("refund", Request("post", "/v1/refunds", params))


async def _left(session: AsyncSession, operation: Operation, payment: Payment) -> int:
    """What was paid and is not given back, nor about to be, in the currency's smallest unit."""
    if payment.status != "succeeded":
        raise InvalidTransition(f"Nothing was paid: this payment is {payment.status}.", "payment", payment.id)
    given = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_stripe_id == payment.stripe_id, col(Refund.status).not_in(UNDONE)
    )
    others = select(Operation).where(
        Operation.customer_id == payment.customer_id,
        Operation.mutation == REFUNDS,
        col(Operation.status).in_((OperationStatus.PENDING, OperationStatus.UNKNOWN)),
        Operation.id != operation.id,
        col(Operation.node_id).not_in(select(Refund.id)),
    )
    pending = [each for each in (await session.exec(others)).all() if each.intent["payment_id"] == str(payment.id)]
    return payment.amount - int((await session.exec(given)).one()) - sum(_asked(each) for each in pending)


def _asked(operation: Operation) -> int:
    amount: int = operations.stored_request(operation).params["amount"]
    return amount


def _amount(operation: Operation, payment: Payment, left: int) -> int:
    amount, currency = operation.intent["amount"], operation.intent["currency"]
    if currency not in (None, payment.currency):
        raise InvalidInput.at("input", "amount", "currency", message=f"This payment is in {payment.currency}.")
    if left <= 0:
        raise InvalidTransition("All of this payment was given back, or is about to be.", "payment", payment.id)
    wanted: int = left if amount is None else amount
    if not 0 < wanted <= left:
        most = f"More than zero, and at most what is left: {Money(left, payment.currency)}."
        raise InvalidInput.at("input", "amount", "amount", message=most)
    return wanted


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer: Answer = answered(outcome)
    # Whoever counts what is left must not see the refund beside its reservation, or neither.
    await hold_customer(session, operation.customer_id)
    row = await mirror.record(session, answer, now=now)
    if row is None:
        raise TypeError(f"{answer.data['id']} gives back none of Assent's payments")
    return Finish(result={"refund_id": str(row.id)})


def _is_made(operation: Operation, found: Answer) -> bool:
    return True


REFUND = Procedure(
    REFUNDS,
    _begin,
    {"refund": _record},
    charges=frozenset({"refund"}),
    is_over=_is_made,
    unsure=frozenset({"refund"}),
)
