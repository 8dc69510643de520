"""Ending a subscription, at once or with its period."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.errors import InvalidTransition, StripeRejected
from billing.input import check_text, raise_problems
from billing.operations import Finish, Next, Outcome, Procedure, Send, answered, unkeyed
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.subscriptions.changing import lease
from billing.subscriptions.reading import get
from billing.subscriptions.transitions import Transition, require_possible
from billing.tables import ENDED, Invoice, Operation, Subscription


class CancellationTiming(StrEnum):
    """When it ends."""

    NOW = "NOW"
    PERIOD_END = "PERIOD_END"


TRANSITIONS = {
    CancellationTiming.NOW: Transition.CANCEL_NOW,
    CancellationTiming.PERIOD_END: Transition.CANCEL_AT_PERIOD_END,
}


async def cancel(
    runtime: Runtime,
    caller: Caller,
    subscription_id: UUID | None,
    *,
    timing: CancellationTiming,
    reason: str | None,
) -> UUID:
    """Ends it. NOW refunds nothing and collects nothing more: Stripe leaves what was billed as it is, uncollected.

    The first invoice of one that has not begun is voided, so that nobody pays for what will not be. Where it is so
    already, it is a success that calls nothing.

    Raises NotFound, InvalidInput, InvalidTransition, Conflict, StripeRejected, StripeUnavailable.
    """
    raise_problems(check_text("reason", reason, longest=500) if reason else [])
    async with runtime.database.read() as session:
        subscription = await get(session, caller, subscription_id)
    intent = {"subscription_id": str(subscription.id), "timing": timing.value, "reason": reason}
    call = unkeyed("cancelSubscription", caller, intent, subscription.customer_id)
    operation = await operations.run(runtime, CANCEL, call)
    if error := operations.failure(operation):
        raise error
    return subscription.id


def _holds(subscription: Subscription, timing: str) -> bool:
    if subscription.status in ENDED:
        return timing == CancellationTiming.NOW
    return timing == CancellationTiming.PERIOD_END and _ends_with_its_period(subscription)


def _ends_with_its_period(subscription: Subscription) -> bool:
    """In flexible mode the customer portal sets the time, and not the boolean (STRIPE.md 4.2)."""
    at, end = subscription.cancel_at, subscription.current_period_end
    return subscription.cancel_at_period_end or (at is not None and end is not None and at <= end)


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription = await lease(session, operation)
    timing, reason = operation.intent["timing"], operation.intent["reason"]
    if _holds(subscription, timing):
        return Finish()
    require_possible(subscription, TRANSITIONS[timing])
    path = f"/v1/subscriptions/{subscription.stripe_id}"
    comment = {"cancellation_details": {"comment": reason}} if reason else {}
    if timing == CancellationTiming.NOW:
        return Send("cancel", Request("delete", path, comment))
    return Send("schedule", Request("post", path, {"cancel_at_period_end": True, **comment}))


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected) and operation.step != "look" and outcome.http_status in (400, 404):
        # Stripe ignores keys on DELETE: whether an earlier sending did it is read from the object.
        return Send("look", Request("get", f"/v1/subscriptions/{operation.subject}", {}))
    await mirror.record(session, answered(outcome), now=now)
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    if _holds(subscription, operation.intent["timing"]):
        return await _void_first(session, operation, subscription)
    message = f"Stripe did not end this subscription; it is {subscription.status}."
    return Finish(error=InvalidTransition(message, "subscription", subscription.id))


async def _void_first(session: AsyncSession, operation: Operation, subscription: Subscription) -> Next:
    """What is open of the first payment, though nothing will be had for it."""
    unpaid = select(Invoice.stripe_id).where(
        Invoice.subscription_stripe_id == subscription.stripe_id,
        Invoice.billing_reason == "subscription_create",
        Invoice.status == "open",
    )
    invoice = (await session.exec(unpaid)).first()
    if invoice is None or subscription.status not in ENDED:
        return Finish()
    operation.result = {"canceled": subscription.stripe_id}
    return Send("void", Request("post", f"/v1/invoices/{invoice}/void", {}))


async def _record_void(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Void now; or it was so before, or paid meanwhile, which its own events tell."""
    if isinstance(outcome, StripeRejected) and outcome.http_status in (400, 404):
        return Finish()
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


STEPS = {"cancel": _record, "schedule": _record, "look": _record, "void": _record_void}
CANCEL = Procedure("cancelSubscription", _begin, STEPS)
