"""Every status that a subscription of Stripe's can have, and what pauses and cancellations do as months pass."""

from datetime import timedelta
from typing import Any

import pytest

from billing import subscriptions
from billing.errors import InvalidTransition
from billing.mirror.kinds import KINDS
from billing.subscriptions import CancellationTiming
from billing.tables import Invoice, Subscription
from sandbox.settings import Billing
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_saved_method, unique
from tests.billing.life import Life
from tests.billing.ready import Ready, every, ready
from tests.billing.renewing import change, revoke_and_stop
from tests.billing.test_subscriptions import a_saved_with_challenge
from tests.comparing import differences

DECLINES_WHEN_CHARGED = "4000000000000341"

# Stripe tells of an invoice payment when it is paid, and not when it is opened or given up.
TOLD = [type for type in KINDS if type != "invoice_payment"]


async def begun(life: Life, **more: Any) -> Ready:
    it = await ready(life.runtime, life.sandbox)
    assert (await it.subscribe(**more)).error is None
    await life.catch_up()
    return it


async def the_one(life: Life) -> Subscription:
    [found] = await every(life.runtime, Subscription)
    assert isinstance(found, Subscription)
    return found


async def incomplete(life: Life) -> None:
    it = await ready(life.runtime, life.sandbox)
    method = await a_saved_with_challenge(life.runtime, life.sandbox, it)
    await it.subscribe(payment_method_id=method.id)
    await life.catch_up()


async def incomplete_expired(life: Life) -> None:
    await incomplete(life)
    await life.advance(hours=24)


async def trialing(life: Life) -> None:
    await begun(life, trial_days=14)


async def active(life: Life) -> None:
    await begun(life)
    await life.advance(days=31)
    await life.advance(hours=2)


async def past_due(life: Life) -> None:
    """A renewal fails, because the method is another one by then."""
    it = await begun(life)
    method = await a_saved_method(life.runtime, life.sandbox, it.customer, it.consent.id, card=DECLINES_WHEN_CHARGED)
    path = f"/v1/subscriptions/{(await the_one(life)).stripe_id}"
    await change(life.runtime, path, {"default_payment_method": method.stripe_id})
    await life.advance(days=31)
    await life.advance(hours=2)


async def given_up(life: Life, after_retries: str) -> None:
    dashboard: Any = life.sandbox
    dashboard.inside.billing = Billing(retries=(1,), after_retries=after_retries)
    await past_due(life)
    await life.advance(days=2)


async def unpaid(life: Life) -> None:
    await given_up(life, "unpaid")


async def canceled(life: Life) -> None:
    await given_up(life, "cancel")


async def paused(life: Life) -> None:
    """The trial ends, and there is nothing to charge."""
    it = await begun(life, trial_days=14)
    await change(life.runtime, f"/v1/payment_methods/{it.method.stripe_id}/detach", {})
    path = f"/v1/subscriptions/{(await the_one(life)).stripe_id}"
    await change(life.runtime, path, {"default_payment_method": ""})
    await life.advance(days=15)


@pytest.mark.parametrize(
    "live",
    [incomplete, incomplete_expired, trialing, active, past_due, unpaid, canceled, paused],
    ids=lambda live: live.__name__,
)
async def test_every_status_is_mirrored(life: Life, live: Any) -> None:
    await live(life)
    row = await the_one(life)
    there = (await life.runtime.gateway.get(f"/v1/subscriptions/{row.stripe_id}")).data
    assert (row.status, there["status"]) == (live.__name__, live.__name__)
    assert row.latest_invoice_stripe_id == there["latest_invoice"]
    bills = {each.stripe_id: each.status for each in await every(life.runtime, Invoice)}
    listed = await life.runtime.gateway.list_all("/v1/invoices", subscription=row.stripe_id)
    assert bills == {each["id"]: each["status"] for each in listed}
    assert await differences(life.runtime, types=TOLD) == []


async def paid(life: Life) -> int:
    """How many invoices were paid."""
    return len([each for each in await life.runtime.gateway.list_all("/v1/invoices") if each["amount_paid"]])


async def test_what_falls_into_a_pause_is_void_and_afterwards_it_is_charged_again(life: Life) -> None:
    await begun(life)
    row, until = await the_one(life), life.sandbox.now() + timedelta(days=45)
    await subscriptions.pause(life.runtime, MERCHANT, row.id, resumes_at=until)
    await life.advance(days=32)
    assert await paid(life) == 1
    assert sorted(each.status for each in await every(life.runtime, Invoice)) == ["paid", "void"]
    await life.advance(days=32)
    await life.advance(hours=2)
    after = await the_one(life)
    assert (after.paused_at, after.pause_behavior, await paid(life)) == (None, None, 2)
    assert await differences(life.runtime, types=TOLD) == []


async def test_a_pause_whose_time_has_come_is_not_resumed_without_a_consent(life: Life) -> None:
    it = await begun(life)
    row, until = await the_one(life), life.sandbox.now() + timedelta(days=45)
    await subscriptions.pause(life.runtime, MERCHANT, row.id, resumes_at=until)
    await revoke_and_stop(it)
    for _ in range(4):
        await life.advance(days=30)
    assert await paid(life) == 1
    assert (await the_one(life)).pause_behavior == "void"


async def test_a_cancellation_takes_effect_with_the_period_unless_it_is_taken_back(life: Life) -> None:
    await begun(life)
    row = await the_one(life)
    for _ in range(2):
        await subscriptions.cancel(life.runtime, MERCHANT, row.id, timing=CancellationTiming.PERIOD_END, reason=None)
        await subscriptions.reactivate(life.runtime, MERCHANT, row.id)
    await life.advance(days=32)
    await life.advance(hours=2)
    assert (await the_one(life)).status == "active"
    assert await paid(life) == 2
    await subscriptions.cancel(life.runtime, MERCHANT, row.id, timing=CancellationTiming.PERIOD_END, reason=None)
    await life.advance(days=32)
    ended = await the_one(life)
    assert (ended.status, ended.ended_at, await paid(life)) == ("canceled", ended.cancel_at, 2)
    with pytest.raises(InvalidTransition):
        await subscriptions.reactivate(life.runtime, MERCHANT, row.id)
    with pytest.raises(InvalidTransition):
        await subscriptions.resume(life.runtime, MERCHANT, row.id, idempotency_key=unique("key"))


async def test_after_a_cancellation_nothing_is_collected(life: Life) -> None:
    """Neither what was declined before, nor a draft that waits for its hour."""
    await past_due(life)
    await subscriptions.cancel(
        life.runtime, MERCHANT, (await the_one(life)).id, timing=CancellationTiming.NOW, reason=None
    )
    before = len(await life.runtime.gateway.list_all("/v1/charges"))
    await life.advance(days=40)
    assert len(await life.runtime.gateway.list_all("/v1/charges")) == before
    assert await differences(life.runtime, types=TOLD) == []
