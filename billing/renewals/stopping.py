"""Stopping what a consent no longer carries: renewals stay drafts, which nobody collects; and letting it go on."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.consents.locking import hold_customer
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered
from billing.renewals import holds
from billing.renewals.judging import judge_subscription
from billing.renewals.releasing import release_calls
from billing.stripe_gateway import Request
from billing.subscriptions.changing import KEEP, VOID, is_paused, lease
from billing.tables import ENDED, Operation, Subscription

STOP_SUBSCRIPTION, RESUME_COLLECTION = "stopSubscription", "resumeCollection"


def stop_call(subscription: Subscription, *, key: str) -> Call:
    """The call that stops its collection; `key` names the cause, so that one cause stops it once."""
    return _call(STOP_SUBSCRIPTION, subscription, key)


def resume_call(subscription: Subscription, *, key: str) -> Call:
    """The call that takes a stop back."""
    return _call(RESUME_COLLECTION, subscription, key)


def _call(mutation: str, subscription: Subscription, key: str) -> Call:
    intent = {"subscription_id": str(subscription.id)}
    return Call(mutation, Caller.assent(), key, intent, subscription.customer_id)


def is_stopped_at_stripe(subscription: Subscription) -> bool:
    """Whether Stripe collects nothing for as long as nobody says otherwise."""
    return subscription.pause_behavior is not None and subscription.pause_resumes_at is None


async def _begin_stop(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """Decided anew: what ordered it may be over."""
    subscription = await lease(session, operation)
    finding = None if subscription.status in ENDED else await judge_subscription(session, subscription, now)
    if finding is None:
        holds.end(session, await holds.of_subscription(session, subscription), now)
        return Finish()
    hold = await holds.put(session, subscription, None, finding, now)
    if is_stopped_at_stripe(subscription):
        return Finish()
    # A pause by the merchant stays one, without the time at which it would end by itself; that is kept until then.
    paused = is_paused(subscription)
    hold.resumes_at = subscription.pause_resumes_at if paused else None
    return _send("stop", subscription, {"behavior": VOID if paused else KEEP})


async def _record_stopped(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


STOP = Procedure(STOP_SUBSCRIPTION, _begin_stop, {"stop": _record_stopped})


async def _begin_resume(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription = await lease(session, operation)
    if subscription.status in ENDED or await judge_subscription(session, subscription, now):
        return Finish()
    if subscription.pause_behavior == KEEP:
        return _send("resume", subscription, "")
    hold = await holds.of_subscription(session, subscription)
    if hold and hold.resumes_at and is_paused(subscription) and subscription.pause_resumes_at is None:
        ends = {"behavior": VOID, "resumes_at": int(hold.resumes_at.timestamp())}
        return _send("resume", subscription, ends if hold.resumes_at > now else "")
    return await _resumed(session, subscription, now)


async def _record_resumed(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answered(outcome), now=now)
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    if finding := await judge_subscription(session, subscription, now):
        # What allowed it has ended while Stripe was asked.
        await holds.put(session, subscription, None, finding, now)
        await operations.order(session, stop_call(subscription, key=f"{operation.id}"), now)
        return Finish()
    return await _resumed(session, subscription, now)


async def _resumed(session: AsyncSession, subscription: Subscription, now: datetime) -> Finish:
    """Also drafts that came until now are released, of which whoever ordered this could not know."""
    holds.end(session, await holds.of_subscription(session, subscription), now)
    for call in await release_calls(session, subscription, now):
        await operations.order(session, call, now)
    return Finish()


def _send(step: str, subscription: Subscription, pause: object) -> Send:
    path = f"/v1/subscriptions/{subscription.stripe_id}"
    return Send(step, Request("post", path, {"pause_collection": pause}))


RESUME = Procedure(RESUME_COLLECTION, _begin_resume, {"resume": _record_resumed})
