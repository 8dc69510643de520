"""A subscription that its consent covers only by its discount is judged by what it will really be charged."""

from datetime import timedelta
from typing import Any

import pytest

from billing import renewals, subscriptions
from billing.errors import ConsentScopeExceeded
from billing.subscriptions import CancellationTiming
from tests.billing.conftest import MERCHANT
from tests.billing.journey import unique
from tests.billing.life import Life
from tests.billing.ready import Ready, ready
from tests.billing.renewing import CARD, change, consent_and_release, holds, paid, revoke_and_stop, subscription_of
from tests.billing.test_previews import a_coupon
from tests.billing.test_resuming import NO_CREDIT


async def discounted(life: Life) -> Ready:
    """15 dollars less 40 percent, within a consent to at most 10."""
    it = await ready(life.runtime, life.sandbox, card=CARD, maximum="10.00")
    assert (await it.subscribe(coupon=a_coupon(life.sandbox))).error is None
    await life.catch_up()
    assert await paid(life.runtime) == 900
    return it


async def to_its_full_price(life: Life, it: Ready) -> None:
    await change(life.runtime, f"/v1/subscriptions/{(await subscription_of(it)).stripe_id}", {"discounts": ""})


async def end_with_its_period(life: Life, it: Ready) -> None:
    which = (await subscription_of(it)).id
    await subscriptions.cancel(life.runtime, MERCHANT, which, timing=CancellationTiming.PERIOD_END, reason=None)


async def reactivate(life: Life, it: Ready) -> Any:
    return await subscriptions.reactivate(life.runtime, MERCHANT, (await subscription_of(it)).id)


async def pause(life: Life, it: Ready, *, days: int | None = None) -> Any:
    until = life.sandbox.now() + timedelta(days=days) if days else None
    return await subscriptions.pause(life.runtime, MERCHANT, (await subscription_of(it)).id, resumes_at=until)


async def resume(life: Life, it: Ready) -> Any:
    which = (await subscription_of(it)).id
    return await subscriptions.resume(life.runtime, MERCHANT, which, idempotency_key=unique("resume"))


async def stand_still(life: Life, it: Ready) -> None:
    await change(life.runtime, f"/v1/subscriptions/{(await subscription_of(it)).stripe_id}/pause", NO_CREDIT)
    await life.catch_up()


async def test_a_cancellation_is_taken_back(life: Life) -> None:
    it = await discounted(life)
    await end_with_its_period(life, it)
    await reactivate(life, it)
    await life.advance(days=32)
    assert await paid(life.runtime) == 1800


async def test_a_pause_with_an_end_and_its_own_end(life: Life) -> None:
    it = await discounted(life)
    await pause(life, it, days=10)
    await resume(life, it)
    await life.advance(days=32)
    assert await paid(life.runtime) == 1800


async def test_one_that_stands_still_goes_on(life: Life) -> None:
    it = await discounted(life)
    await stand_still(life, it)
    assert (await resume(life, it)).error is None
    assert await paid(life.runtime) == 1800


async def test_a_newer_consent_carries_it(life: Life) -> None:
    it = await discounted(life)
    await consent_and_release(it, "9.00")
    assert (await subscription_of(it)).consent_id == it.consent.id
    assert await holds(life.runtime) == []
    await revoke_and_stop(it)
    await consent_and_release(it, "9.00")
    await life.advance(days=32)
    assert await paid(life.runtime) == 1800


async def test_one_of_somebody_else_s_is_adopted(life: Life) -> None:
    it = await ready(life.runtime, life.sandbox, card=CARD, maximum="10.00")
    owner = (await life.runtime.gateway.get(f"/v1/payment_methods/{it.method.stripe_id}")).data["customer"]
    items, coupon = [{"price": it.price.stripe_id}], a_coupon(life.sandbox)
    params = {"customer": owner, "items": items, "default_payment_method": it.method.stripe_id}
    await change(life.runtime, "/v1/subscriptions", {**params, "discounts": [{"coupon": coupon}]})
    await life.catch_up()
    await renewals.adopt(life.runtime, MERCHANT, (await subscription_of(it)).id, consent_id=it.consent.id)
    await life.advance(days=32)
    assert await paid(life.runtime) == 1800


@pytest.mark.parametrize("known", [False, True])
async def test_without_its_discount_nothing_of_it_is_possible(life: Life, *, known: bool) -> None:
    """Whether or not an event has told that the discount is gone."""
    it = await discounted(life)
    await to_its_full_price(life, it)
    if known:
        await life.catch_up()
    with pytest.raises(ConsentScopeExceeded) as refused:
        await pause(life, it, days=10)
    assert refused.value.required.maximum_amount == 1500
    await pause(life, it)
    with pytest.raises(ConsentScopeExceeded):
        await resume(life, it)
    await end_with_its_period(life, it)
    with pytest.raises(ConsentScopeExceeded):
        await reactivate(life, it)
    await life.advance(days=32)
    assert await paid(life.runtime) == 900


async def test_one_that_stands_still_does_not_go_on_without_its_discount(life: Life) -> None:
    it = await discounted(life)
    await stand_still(life, it)
    await to_its_full_price(life, it)
    with pytest.raises(ConsentScopeExceeded):
        await resume(life, it)
    assert await paid(life.runtime) == 900
