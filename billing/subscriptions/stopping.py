"""Stopping what a consent no longer carries: renewals stay drafts, which nobody collects."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.callers import Caller
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered
from billing.stripe_gateway import Request
from billing.subscriptions.changing import KEEP, VOID, is_paused, lease
from billing.tables import ENDED, Operation, Subscription


def stop(subscription: Subscription, *, key: str) -> Call:
    """The call that stops its collection; `key` names the cause, so that one cause stops it once."""
    intent = {"subscription_id": str(subscription.id)}
    return Call("stopSubscription", Caller.assent(), key, intent, subscription.customer_id)


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription = await lease(session, operation)
    if subscription.status in ENDED:
        return Finish()
    # A pause by the merchant stays one, without the time at which it would end by itself.
    params = {"pause_collection": {"behavior": VOID if is_paused(subscription) else KEEP}}
    return Send("stop", Request("post", f"/v1/subscriptions/{subscription.stripe_id}", params))


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


STOP = Procedure("stopSubscription", _begin, {"stop": _record})
