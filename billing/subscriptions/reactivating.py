"""Taking back a cancellation that has not taken effect yet."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.errors import InvalidTransition
from billing.operations import Finish, Next, Outcome, Procedure, Send, answered, unkeyed
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.subscriptions.changing import lease, require_consent
from billing.subscriptions.reading import get
from billing.subscriptions.reckoning import STEP, reckon, refusal
from billing.subscriptions.transitions import Transition, require_possible
from billing.tables import Operation, Subscription


async def reactivate(runtime: Runtime, caller: Caller, subscription_id: UUID | None) -> UUID:
    """It goes on after its period. Where nothing is to end, it is a success that calls nothing.

    Raises NotFound, InvalidTransition, ConsentRequired and ConsentScopeExceeded (it would be charged again), Conflict,
    StripeRejected, StripeUnavailable.
    """
    async with runtime.database.read() as session:
        subscription = await get(session, caller, subscription_id)
    intent = {"subscription_id": str(subscription.id)}
    call = unkeyed("reactivateSubscription", caller, intent, subscription.customer_id)
    operation = await operations.run(runtime, REACTIVATE, call)
    if error := operations.failure(operation):
        raise error
    return subscription.id


def _goes_on(subscription: Subscription) -> bool:
    return not subscription.cancel_at_period_end and subscription.cancel_at is None


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription = await lease(session, operation)
    require_possible(subscription, Transition.REACTIVATE)
    if _goes_on(subscription):
        return Finish()
    await require_consent(session, subscription, now)
    return reckon(subscription, **_goes_on_with(subscription))


async def _record_reckoned(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    return await refusal(session, operation, outcome, now) or _take_back(subscription)


def _take_back(subscription: Subscription) -> Send:
    """In flexible mode the customer portal sets `cancel_at` alone (STRIPE.md 4.2); Stripe takes one of the two."""
    at_end = subscription.cancel_at_period_end
    path = f"/v1/subscriptions/{subscription.stripe_id}"
    return Send("period_end" if at_end else "date", Request("post", path, _goes_on_with(subscription)))


def _goes_on_with(subscription: Subscription) -> dict[str, Any]:
    return {"cancel_at_period_end": False} if subscription.cancel_at_period_end else {"cancel_at": ""}


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    if _goes_on(subscription):
        return Finish()
    if operation.step == "period_end" and not subscription.cancel_at_period_end:
        return _take_back(subscription)
    message = f"Stripe did not take the cancellation back; this subscription is {subscription.status}."
    return Finish(error=InvalidTransition(message, "subscription", subscription.id))


REACTIVATE = Procedure(
    "reactivateSubscription",
    _begin,
    {STEP: _record_reckoned, "period_end": _record, "date": _record},
    harmless=frozenset({STEP}),
)
