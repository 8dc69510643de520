"""The token of a preview serves one call, however often that is repeated; another, where it came to nothing."""

import asyncio
from typing import Any

import pytest

from billing import operations, subscriptions
from billing.callers import Caller
from billing.errors import AuthenticationRequired, InvalidInput, PaymentDeclined, StripeRejected, StripeUnavailable
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.subscriptions import CancellationTiming, Created
from tests.billing.changing import Subscribed, preview_new, stopped_before, subscribed
from tests.billing.conftest import MERCHANT
from tests.billing.faults import Fault, refused, refusing, unreachable
from tests.billing.journey import a_price, unique
from tests.billing.ready import ready
from tests.billing.test_subscriptions_crashes import after
from tests.billing.updates.test_updates_payment import DECLINES_WHEN_CHARGED, WANTS_AUTHENTICATION, a_method
from tests.running_sandbox import RunningSandbox


async def refuses(it: Subscribed, token: str) -> None:
    """To another call than the one that it serves."""
    with pytest.raises(InvalidInput, match="another idempotencyKey") as caught:
        await it.update(it.dearer, preview_token=token)
    assert [each.path for each in caught.value.problems] == [("input", "previewToken")]


async def test_what_a_key_previewed_is_granted_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    it.price = await a_price(runtime, self_service=True)
    own = Caller("CUSTOMER", customer_id=it.customer)
    token = (await preview_new(it, trial_days=14)).token
    created = await it.subscribe(key=key, caller=own, preview_token=token)
    assert created.error is None
    assert await it.subscribe(key=key, caller=own, preview_token=token) == created
    await subscriptions.cancel(runtime, own, created.subscription_id, timing=CancellationTiming.NOW, reason=None)
    for caller in (own, MERCHANT):
        with pytest.raises(InvalidInput, match="preview it anew"):
            await it.subscribe(caller=caller, preview_token=token)
    assert await it.subscribe(key=key, caller=own, preview_token=token) == created
    assert len(await it.at_stripe("subscriptions")) == 1


async def test_of_two_calls_at_once_one_has_it(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox, subscriptions=3)
    token = (await preview_new(it)).token
    keys = [unique("key") for _ in range(3)]
    calls = (it.subscribe(key=key, preview_token=token) for key in keys * 2)
    made = await asyncio.gather(*calls, return_exceptions=True)
    assert len({each for each in made if isinstance(each, Created)}) == 1
    assert len([each for each in made if isinstance(each, InvalidInput)]) == 4
    assert len(await it.at_stripe("subscriptions")) == 1


async def test_a_declined_change_leaves_it_for_another_call(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    token = (await it.preview(it.dearer)).token
    bad = await a_method(it, sandbox, DECLINES_WHEN_CHARGED)
    declined = await it.update(it.dearer, payment_method_id=bad.id, preview_token=token)
    assert isinstance(declined.error, PaymentDeclined)
    good: dict[str, Any] = {"payment_method_id": it.ready.method.id, "preview_token": token}
    updated = await it.update(it.dearer, key=key, **good)
    assert updated.error is None
    await refuses(it, token)
    assert await it.update(it.dearer, key=key, **good) == updated


async def test_a_change_that_waits_for_its_customer_keeps_it(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    token = (await it.preview(it.dearer)).token
    wary = await a_method(it, sandbox, WANTS_AUTHENTICATION)
    waiting = await it.update(it.dearer, key=key, payment_method_id=wary.id, preview_token=token)
    assert isinstance(waiting.error, AuthenticationRequired)
    await refuses(it, token)
    assert await it.update(it.dearer, key=key, payment_method_id=wary.id, preview_token=token) == waiting


@pytest.mark.parametrize(("step", "sent"), [("look", False), ("quote", False), ("change", False), ("change", True)])
async def test_after_a_crash_it_is_that_of_the_same_call(
    runtime: Runtime, sandbox: RunningSandbox, step: str, *, sent: bool
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    token = (await it.preview(it.dearer)).token
    await stopped_before(it, key, step, it.dearer, sent=sent, preview_token=token)
    updated = await it.update(it.dearer, key=key, preview_token=token)
    assert updated.error is None
    await refuses(it, token)
    assert await it.update(it.dearer, key=key, preview_token=token) == updated
    assert len(await it.charged()) == 2


@pytest.mark.parametrize("sent", [True, False])
async def test_what_the_sweep_finds_decides_whom_it_serves(
    runtime: Runtime, sandbox: RunningSandbox, *, sent: bool
) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    token = (await it.preview(it.dearer)).token
    await stopped_before(it, key, "change", it.dearer, sent=sent, preview_token=token)
    await operations.sweep(after(runtime, minutes=11), PROCEDURES)
    if not sent:
        assert (await it.update(it.dearer, preview_token=token)).error is None
    await refuses(it, token)
    assert len(await it.charged()) == 2


@pytest.mark.parametrize("fault", [unreachable, refused("post", "/v1/subscriptions", status=400)])
async def test_a_call_that_came_to_nothing_is_repeated_with_it(
    runtime: Runtime, sandbox: RunningSandbox, fault: Fault
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    token = (await preview_new(it)).token
    async with refusing(runtime, sandbox, fault) as it.runtime:
        with pytest.raises((StripeUnavailable, StripeRejected)):
            await it.subscribe(key=key, preview_token=token)
    it.runtime = runtime
    created = await it.subscribe(key=key, preview_token=token)
    assert created.error is None
    assert await it.subscribe(key=key, preview_token=token) == created
    assert len(await it.at_stripe("subscriptions")) == 1
