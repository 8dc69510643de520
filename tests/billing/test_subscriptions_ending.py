"""Subscriptions that end, and those whose consent ends."""

import pytest

from billing import consents, stopping, subscriptions
from billing.errors import (
    InvalidTransition,
)
from billing.runtime import Runtime
from billing.subscriptions import CancellationTiming
from billing.tables import Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.ready import every, ready
from tests.running_sandbox import RunningSandbox


async def test_canceling_now_and_at_the_periods_end(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox, subscriptions=2)
    now, later = (await it.subscribe()).subscription_id, (await it.subscribe()).subscription_id
    for _ in range(2):
        await subscriptions.cancel(runtime, MERCHANT, later, timing=CancellationTiming.PERIOD_END, reason="Too much")
        await subscriptions.cancel(runtime, MERCHANT, now, timing=CancellationTiming.NOW, reason=None)
    rows = {each.id: each for each in await every(runtime, Subscription)}
    assert now is not None
    assert later is not None
    assert (rows[now].status, rows[later].status, rows[later].cancel_at_period_end) == ("canceled", "active", True)
    with pytest.raises(InvalidTransition):
        await subscriptions.cancel(runtime, MERCHANT, now, timing=CancellationTiming.PERIOD_END, reason=None)


async def test_the_end_of_a_consent_stops_collection(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    await it.subscribe()
    now = runtime.clock()
    async with runtime.database.transaction() as session:
        revoked = await consents.revoke(session, MERCHANT, consent_id=it.consent.id, now=now)
        calls = await stopping.order(
            session, it.consent.id, stopped=revoked.subscriptions, expired=revoked.setup_sessions, now=now
        )
    await stopping.carry_out(runtime, calls)
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["pause_collection"]["behavior"] == "keep_as_draft"
    [row] = await every(runtime, Subscription)
    assert (row.status, row.pause_collection_only) == ("active", True)
