"""Changes of a subscription: exactly once, at the price that Stripe reckons, within the consent, or nothing of it."""

import asyncio

import pytest

from billing.errors import ConsentScopeExceeded, IdempotencyMismatch, InvalidInput
from billing.runtime import Runtime
from billing.subscriptions import Item, Updated
from billing.tables import Payment
from tests.billing.changing import subscribed
from tests.billing.journey import unique
from tests.billing.ready import every
from tests.running_sandbox import RunningSandbox


async def test_an_upgrade_is_paid_at_once_and_then_in_force(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    updated = await it.update(it.dearer)
    [payment] = [each for each in await every(runtime, Payment) if each.amount < 1500]
    assert updated == Updated(it.id, payment.id, None)
    assert await it.billed() == [(it.dearer.stripe_id, 1)]
    assert (await it.at_stripe())["pending_update"] is None
    assert (payment.status, payment.consent_id) == ("succeeded", it.ready.consent.id)
    [first, rest] = await it.charged()
    assert first == 1500
    assert 990 <= rest <= 1000


async def test_a_downgrade_gives_credit_and_charges_nothing(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    updated = await it.update(it.cheaper)
    assert (updated.error, updated.payment_id) == (None, None)
    assert await it.billed() == [(it.cheaper.stripe_id, 1)]
    assert await it.charged() == [1500]
    [credit, _] = await it.invoices()
    assert -1000 <= credit["total"] <= -990


async def test_quantities_and_several_items(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    assert (await it.update(it.ready.price, Item(it.cheaper.id, 3))).error is None
    assert await it.billed() == sorted([(it.ready.price.stripe_id, 1), (it.cheaper.stripe_id, 3)])
    assert (await it.update(Item(it.cheaper.id, 1), it.dearer)).error is None
    assert await it.billed() == sorted([(it.cheaper.stripe_id, 1), (it.dearer.stripe_id, 1)])
    assert (await it.update(it.cheaper)).error is None
    assert await it.billed() == [(it.cheaper.stripe_id, 1)]


async def test_without_proration_nothing_is_due_now(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    updated = await it.update(it.dearer, prorate=False)
    assert (updated.error, updated.payment_id) == (None, None)
    assert await it.billed() == [(it.dearer.stripe_id, 1)]
    assert await it.charged() == [1500]


async def test_twenty_at_once_with_one_key_pay_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    made = await asyncio.gather(*(it.update(it.dearer, key=key) for _ in range(20)))
    assert len(set(made)) == 1
    assert len(await it.charged()) == 2
    with pytest.raises(IdempotencyMismatch):
        await it.update(it.cheaper, key=key)


async def test_two_changes_at_once_are_made_one_after_the_other(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    await asyncio.gather(it.update(it.dearer), it.update(it.cheaper))
    assert len(await it.billed()) == 1
    assert len(await it.charged()) == 2
    assert (await it.at_stripe())["pending_update"] is None


async def test_what_is_so_already_calls_nothing_that_changes(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    assert (await it.update(it.ready.price)).error is None
    assert len(await it.invoices()) == 1
    with pytest.raises(InvalidInput):
        await it.update()


async def test_more_than_the_consent_allows_changes_nothing(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await subscribed(runtime, sandbox, maximum="20.00"), unique("key")
    with pytest.raises(ConsentScopeExceeded) as caught:
        await it.update(it.dearer, key=key)
    assert caught.value.required.maximum_amount == 2500
    assert await it.billed() == [(it.ready.price.stripe_id, 1)]
    assert await it.charged() == [1500]


async def test_a_coupon_that_the_change_uses_up_is_given_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    coupon = sandbox.client().v1.coupons.create({"duration": "once", "amount_off": 450, "currency": "usd"}).id
    preview = await it.preview(it.dearer, coupon=coupon)
    assert (await it.update(it.dearer, coupon=coupon, preview_token=preview.token)).error is None
    assert (await it.charged())[-1] == preview.figures.due_now
    assert len(await it.invoices()) == 2
    assert sandbox.client().v1.coupons.retrieve(coupon).times_redeemed == 1


async def test_a_coupon_alone_lowers_what_is_billed_next(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    coupon = sandbox.client().v1.coupons.create({"duration": "forever", "percent_off": 20}).id
    updated = await it.update(coupon=coupon)
    assert (updated.error, updated.payment_id) == (None, None)
    assert len((await it.at_stripe())["discounts"]) == 1
    assert (await it.preview(it.ready.price)).figures.next_total == 1200
