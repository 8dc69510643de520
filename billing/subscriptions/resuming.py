"""Letting a subscription be charged again.

A pause of its collection alone is taken away. One that stands still itself begins a new period, whose invoice is held
to the consent before it is made and paid off-session, like a new subscription's; where that fails the invoice is voided
and it stands still as before.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations, payment_methods
from billing.callers import Caller
from billing.errors import (
    BillingError,
    ConsentRequired,
    ConsentScopeExceeded,
    InvalidTransition,
)
from billing.input import check_key, raise_problems
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request
from billing.subscriptions import ending, paying, restarting
from billing.subscriptions.changing import lease, require_consent
from billing.subscriptions.reading import get
from billing.subscriptions.reckoning import STEP, reckon, reckoned, refusal
from billing.subscriptions.transitions import Transition, require_possible
from billing.tables import ConsentUsage, Operation, PaymentMethod, Subscription


@dataclass(frozen=True)
class Resumed:
    """What came of it. With an error it stands still as before."""

    subscription_id: UUID
    payment_id: UUID | None
    error: BillingError | None


async def resume(runtime: Runtime, caller: Caller, subscription_id: UUID | None, *, idempotency_key: str) -> Resumed:
    """Ends a pause, with at most one payment for the key. Where nothing stands still it is a success and calls nothing.

    In `Resumed.error`: PaymentDeclined, ConsentScopeExceeded, after which nothing is payable; AuthenticationRequired,
    after which the invoice waits 23 hours for the customer. Raises InvalidInput, NotFound, InvalidTransition,
    ConsentRequired, ConsentScopeExceeded, PaymentMethodUnusable, IdempotencyMismatch, Conflict, StripeRejected,
    StripeUnavailable.
    """
    raise_problems(check_key(idempotency_key))
    async with runtime.database.read() as session:
        subscription = await get(session, caller, subscription_id)
    intent = {"subscription_id": str(subscription.id)}
    call = Call("resumeSubscription", caller, idempotency_key, intent, subscription.customer_id)
    operation = await operations.run(runtime, RESUME, call)
    payment = operation.result.get("payment_id")
    return Resumed(subscription.id, UUID(payment) if payment else None, operations.failure(operation))


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription = await lease(session, operation)
    require_possible(subscription, Transition.RESUME)
    stands_still = subscription.status == "paused"
    if not stands_still and not subscription.pause_collection_only:
        return Finish()
    operation.consent_id = (await require_consent(session, subscription, now)).id
    if not stands_still:
        return reckon(subscription)
    await _require_method(session, subscription, now)
    return reckon(subscription, step="full")


async def _record_reckoned(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    collect = Request("post", f"/v1/subscriptions/{operation.subject}", {"pause_collection": ""})
    return await refusal(session, operation, outcome, now) or Send("collect", collect)


async def _record_full(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if (full := reckoned(outcome)) is not None:
        operation.result = {"full": full}
    # Stripe may collect as soon as it is asked to resume, so what it would collect is asked for before.
    params = {"subscription": operation.subject, "subscription_details": {"resume_at": "now"}}
    return Send("preview", Request("post", "/v1/invoices/create_preview", params))


async def _require_method(session: AsyncSession, subscription: Subscription, now: datetime) -> None:
    wanted = select(PaymentMethod).where(PaymentMethod.stripe_id == subscription.payment_method_stripe_id)
    method = (await session.exec(wanted)).first()
    if method is None:
        message = "This subscription has no payment method; give it one with updateSubscription first."
        raise InvalidTransition(message, "subscription", subscription.id)
    await payment_methods.require_usable(session, method, now)
    await payment_methods.require_saved_for(session, method, ConsentUsage.RECURRING)


async def _record_collecting(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


async def _resume(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """What may have been sent is sent again only while the consent still covers it; else its fate is read."""
    following = Send(operation.step or "", operations.stored_request(operation))
    if operation.step == "pay":
        return await paying.pay_again(session, operation, now)
    if operation.step not in ("collect", "resume"):
        return following
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    try:
        await require_consent(session, subscription, now)
    except (ConsentRequired, ConsentScopeExceeded) as refusal:
        operation.result = {**operation.result, "refusal": refusal.dump()}
        return restarting.find(operation)
    return following


async def _withdraw(session: AsyncSession, operation: Operation, found: Answer, now: datetime) -> Next | None:
    """What nobody continues is taken back, where nothing has been paid and the customer is not asked to confirm."""
    if operation.step == "pay":
        return paying.give_up(operation, found)
    if not restarting.is_billed(found.data):
        return None
    await restarting.note(session, operation, found.data)
    return ending.withdraw(operation, paying.NOT_COMPLETED)


def _trace(operation: Operation) -> Request | None:
    if "invoice" in operation.result:
        return paying.settle(operation).request
    return restarting.find(operation).request if operation.step == "resume" else None


def _is_over(operation: Operation, found: Answer) -> bool:
    if found.data["object"] == "subscription":
        return bool(found.data["status"] != "paused")
    return found.data["status"] in ("paid", "void")


RESUME = Procedure(
    "resumeSubscription",
    _begin,
    {
        STEP: _record_reckoned,
        "full": _record_full,
        "collect": _record_collecting,
        "preview": restarting.record_preview,
        "resume": restarting.record_resumed,
        "find": restarting.record_found,
        "attempted": restarting.record_attempted,
        "pay": paying.record_paid,
        "settle": paying.record_settled,
        "look": paying.record_looked,
        "void": ending.record_voided,
        "voided": ending.record_voided,
    },
    charges=frozenset({"full", "preview", "resume", "pay"}),
    resume=_resume,
    trace=_trace,
    is_over=_is_over,
    withdraw=_withdraw,
    harmless=frozenset({STEP, "full", "preview"}),
)
