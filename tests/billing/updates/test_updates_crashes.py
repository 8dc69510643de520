"""A change when a process dies, an answer is lost, or Stripe keeps a fault: made at most once, paid at most once."""

from datetime import timedelta

import pytest

from billing import consents, mirror, operations
from billing.errors import ConsentRequired, StripeUnavailable
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import Operation
from tests.billing.changing import Subscribed, stopped_before, subscribed
from tests.billing.conftest import MERCHANT
from tests.billing.faults import kept_fault, refused, refusing, unreachable
from tests.billing.journey import unique
from tests.billing.ready import every
from tests.billing.test_subscriptions_crashes import after
from tests.running_sandbox import RunningSandbox

STEPS = ["look", "quote", "quote_next", "change"]


async def made_once(it: Subscribed) -> None:
    assert await it.billed() == [(it.dearer.stripe_id, 1)]
    assert len(await it.charged()) == 2
    assert (await it.at_stripe())["pending_update"] is None


async def untouched(it: Subscribed) -> None:
    assert await it.billed() == [(it.ready.price.stripe_id, 1)]
    assert await it.charged() == [1500]


async def the_change(runtime: Runtime) -> Operation:
    made: list[Operation] = await every(runtime, Operation)
    [operation] = [each for each in made if each.mutation == "updateSubscription"]
    return operation


@pytest.mark.parametrize("step", STEPS)
async def test_after_a_crash_the_sweep_changes_nothing_and_the_client_finishes(
    runtime: Runtime, sandbox: RunningSandbox, step: str
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    await stopped_before(it, key, step, it.dearer)
    await operations.sweep(runtime, PROCEDURES)
    await untouched(it)
    assert (await it.update(it.dearer, key=key)).error is None
    await made_once(it)


@pytest.mark.parametrize("step", STEPS)
async def test_what_nobody_continues_gives_the_subscription_back_after_ten_minutes(
    runtime: Runtime, sandbox: RunningSandbox, step: str
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    await stopped_before(it, key, step, it.dearer)
    await operations.sweep(after(runtime, minutes=11), PROCEDURES)
    await untouched(it)
    assert (await the_change(runtime)).status == "RELEASED"
    assert (await it.update(it.dearer)).error is None
    await made_once(it)


async def test_a_change_whose_answer_was_lost_is_recorded_by_the_sweep(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    await stopped_before(it, key, "change", it.dearer, sent=True)
    await operations.sweep(runtime, PROCEDURES)
    operation = await the_change(runtime)
    assert (operation.status, operation.result["payment_id"] is None) == ("SUCCEEDED", False)
    assert (await it.update(it.dearer, key=key)).error is None
    await made_once(it)


async def test_a_change_whose_answer_was_lost_is_not_made_again_by_its_client(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    await stopped_before(it, key, "change", it.dearer, sent=True)
    assert (await it.update(it.dearer, key=key)).error is None
    await made_once(it)


@pytest.mark.parametrize("sent", [True, False])
async def test_past_the_window_nothing_is_sent_under_the_old_key(
    runtime: Runtime, sandbox: RunningSandbox, *, sent: bool
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    await stopped_before(it, key, "change", it.dearer, sent=sent)
    it.runtime = after(runtime, hours=24)
    assert (await it.update(it.dearer, key=key)).error is None
    await made_once(it)


async def test_a_fault_that_stripe_keeps_is_got_over(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    async with refusing(runtime, sandbox, kept_fault("/v1/subscriptions/")) as hindered:
        it.runtime = hindered
        assert (await it.update(it.dearer, key=key)).error is None
    it.runtime = runtime
    await made_once(it)


async def test_what_does_not_arrive_is_continued_with_the_same_key(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    async with refusing(runtime, sandbox, unreachable) as hindered:
        it.runtime = hindered
        with pytest.raises(StripeUnavailable):
            await it.update(it.dearer, key=key)
    it.runtime = runtime
    await untouched(it)
    assert (await it.update(it.dearer, key=key)).error is None
    await made_once(it)


async def test_a_refused_change_leaves_nothing_behind_and_the_key_free(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    async with refusing(runtime, sandbox, refused("post", "/v1/subscriptions/", status=400)) as hindered:
        it.runtime = hindered
        with pytest.raises(Exception, match="may not"):
            await it.update(it.dearer, key=key)
    it.runtime = runtime
    await untouched(it)
    assert (await it.update(it.dearer, key=key)).error is None
    await made_once(it)


@pytest.mark.parametrize("step", ["quote_next", "change"])
async def test_a_consent_that_ends_before_the_change_is_sent_stops_it(
    runtime: Runtime, sandbox: RunningSandbox, step: str
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    await stopped_before(it, key, step, it.dearer)
    async with runtime.database.transaction() as session:
        await consents.revoke(session, MERCHANT, consent_id=it.ready.consent.id, now=runtime.clock())
    with pytest.raises(ConsentRequired):
        await it.update(it.dearer, key=key)
    await untouched(it)


async def test_a_change_that_was_sent_before_the_consent_ended_is_recorded(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    await stopped_before(it, key, "change", it.dearer, sent=True)
    async with runtime.database.transaction() as session:
        await consents.revoke(session, MERCHANT, consent_id=it.ready.consent.id, now=runtime.clock())
    assert (await it.update(it.dearer, key=key)).error is None
    await made_once(it)


async def test_an_event_that_comes_first_is_no_obstacle(runtime: Runtime, sandbox: RunningSandbox) -> None:
    """The webhook tells of the change before its answer is recorded."""
    it, key = await subscribed(runtime, sandbox), unique("key")
    await stopped_before(it, key, "change", it.dearer, sent=True)
    told = await runtime.gateway.get(f"/v1/subscriptions/{(await it.row()).stripe_id}")
    async with runtime.database.transaction() as session:
        await mirror.record(session, told, now=runtime.clock() + timedelta(seconds=5))
    assert (await it.update(it.dearer, key=key)).error is None
    await made_once(it)
