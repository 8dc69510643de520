"""Pausing the collection of a subscription: its periods go on, and what they would bill is void."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.errors import InvalidInput
from billing.mirror.fields import moment
from billing.operations import Finish, Next, Outcome, Procedure, Send, answered, unkeyed
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.subscriptions.changing import VOID, is_paused, lease, require_consent
from billing.subscriptions.reading import get
from billing.subscriptions.reckoning import STEP, reckon, refusal
from billing.subscriptions.transitions import Transition, require_possible
from billing.tables import Hold, Operation, Subscription


async def pause(runtime: Runtime, caller: Caller, subscription_id: UUID | None, *, resumes_at: datetime | None) -> UUID:
    """Stops its collection, until `resumes_at` or until it is resumed. Repeated with the same time it calls nothing.

    What was billed before stays due. Raises NotFound, InvalidInput, InvalidTransition, ConsentRequired and
    ConsentScopeExceeded (a time at which charges begin again needs the consent to them), Conflict, StripeRejected,
    StripeUnavailable.
    """
    if resumes_at is not None and resumes_at <= runtime.clock():
        raise InvalidInput.at("input", "resumesAt", message="This has to be in the future; leave it out for no end.")
    async with runtime.database.read() as session:
        subscription = await get(session, caller, subscription_id)
    intent = {
        "subscription_id": str(subscription.id),
        "resumes_at": int(resumes_at.timestamp()) if resumes_at else None,
    }
    call = unkeyed("pauseSubscription", caller, intent, subscription.customer_id)
    operation = await operations.run(runtime, PAUSE, call)
    if error := operations.failure(operation):
        raise error
    return subscription.id


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription, resumes_at = await lease(session, operation), operation.intent["resumes_at"]
    require_possible(subscription, Transition.PAUSE)
    if is_paused(subscription) and subscription.pause_resumes_at == moment(resumes_at):
        await _forget_end(session, subscription)
        return Finish()
    if resumes_at is None:
        return _pause(subscription, {"behavior": VOID})
    await require_consent(session, subscription, now)
    return reckon(subscription)


async def _record_reckoned(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    how = {"behavior": VOID, "resumes_at": operation.intent["resumes_at"]}
    return await refusal(session, operation, outcome, now) or _pause(subscription, how)


def _pause(subscription: Subscription, how: dict[str, Any]) -> Send:
    path = f"/v1/subscriptions/{subscription.stripe_id}"
    return Send("pause", Request("post", path, {"pause_collection": how}))


async def _forget_end(session: AsyncSession, subscription: Subscription) -> None:
    """A stop has taken its end from an earlier pause, to be put back: this wish is for none."""
    stops = update(Hold).where(col(Hold.subscription_id) == subscription.id, col(Hold.invoice_stripe_id).is_(None))
    await session.exec(stops.values(resumes_at=None))


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


PAUSE = Procedure("pauseSubscription", _begin, {STEP: _record_reckoned, "pause": _record}, harmless=frozenset({STEP}))
