"""Ending a subscription, at once or with its period."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.errors import InvalidTransition, StripeRejected
from billing.input import check_text, raise_problems
from billing.operations import Finish, Next, Outcome, Procedure, Send, answered, unkeyed
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.subscriptions.reading import get
from billing.tables import ENDED, Operation, Subscription


class CancellationTiming(StrEnum):
    """When it ends."""

    NOW = "NOW"
    PERIOD_END = "PERIOD_END"


async def cancel(
    runtime: Runtime,
    caller: Caller,
    subscription_id: UUID | None,
    *,
    timing: CancellationTiming,
    reason: str | None,
) -> UUID:
    """Ends it. NOW refunds nothing and bills nothing more. Where it is so already, it is a success that calls nothing.

    Raises NotFound, InvalidInput, InvalidTransition, Conflict, StripeRejected, StripeUnavailable.
    """
    raise_problems(check_text("reason", reason, longest=500) if reason else [])
    async with runtime.database.read() as session:
        subscription = await get(session, caller, subscription_id)
    if not _holds(subscription, timing):
        intent = {"subscription_id": str(subscription.id), "timing": timing.value, "reason": reason}
        call = unkeyed("cancelSubscription", caller, intent, subscription.customer_id)
        operation = await operations.run(runtime, CANCEL, call)
        if error := operations.failure(operation):
            raise error
    return subscription.id


def _holds(subscription: Subscription, timing: str) -> bool:
    if subscription.status in ENDED:
        return timing == CancellationTiming.NOW
    return timing == CancellationTiming.PERIOD_END and subscription.cancel_at_period_end


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription = await session.get_one(Subscription, UUID(operation.intent["subscription_id"]))
    operation.node_id, operation.subject = subscription.id, subscription.stripe_id
    timing, reason = operation.intent["timing"], operation.intent["reason"]
    if _holds(subscription, timing):
        return Finish()
    if subscription.status in ENDED:
        raise InvalidTransition("This subscription has ended already.", "subscription", subscription.id)
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
        return Finish()
    message = f"Stripe did not end this subscription; it is {subscription.status}."
    return Finish(error=InvalidTransition(message, "subscription", subscription.id))


CANCEL = Procedure("cancelSubscription", _begin, {"cancel": _record, "schedule": _record, "look": _record})
