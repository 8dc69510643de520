"""Charges that wait for their customer, and how long."""

import pytest

from billing.errors import AuthenticationRequired
from billing.stripe_gateway import Declined, Request
from billing.tables import Payment
from tests.billing.chargeable import DECLINES_WHEN_CHARGED, WANTS_AUTHENTICATION, chargeable
from tests.billing.journey import a_saved_method
from tests.billing.life import Life
from tests.billing.ready import every


async def test_a_payment_that_waits_for_the_customer_is_given_up_after_23_hours(life: Life) -> None:
    it = await chargeable(life.runtime, life.sandbox, "ONE_TIME", card=WANTS_AUTHENTICATION)
    assert isinstance((await it.charge()).error, AuthenticationRequired)
    await life.advance(hours=22.9)
    await life.sweep()
    assert await it.statuses() == ["requires_payment_method"]
    await life.advance(hours=0.2)
    await life.sweep()
    await life.sweep()
    assert await it.statuses() == ["canceled"]
    assert await it.used_by() is None


async def test_a_payment_that_the_customer_confirms_is_paid(life: Life) -> None:
    """By the secret that `nextAction` shows, in the customer's own browser."""
    it = await chargeable(life.runtime, life.sandbox, "ONE_TIME", card=WANTS_AUTHENTICATION)
    charged = await it.charge()
    [payment] = await every(life.runtime, Payment)
    assert charged.payment_id == payment.id
    path = f"/v1/payment_intents/{payment.stripe_id}/confirm"
    there = "https://shop.example/done"
    params = {"payment_method": payment.payment_method_stripe_id, "return_url": there}
    asked = (await life.runtime.gateway.send(Request("post", path, params))).data
    assert asked["status"] == "requires_action"
    await life.catch_up()
    [payment] = await every(life.runtime, Payment)
    assert payment.next_action_url
    life.sandbox.press(payment.next_action_url, "Complete")
    await life.catch_up()
    await life.advance(hours=24)
    await life.sweep()
    [payment] = await every(life.runtime, Payment)
    assert payment.status == "succeeded"
    assert await it.used_by() is not None
    assert await it.statuses() == ["succeeded"]


async def test_a_payment_that_is_declined_in_the_end_is_canceled_at_once(life: Life) -> None:
    """The answer to its charge was not a decline; that it is one is told by an event."""
    it = await chargeable(life.runtime, life.sandbox, "ONE_TIME", card=WANTS_AUTHENTICATION)
    other = await a_saved_method(life.runtime, life.sandbox, it.customer, it.consent.id, card=DECLINES_WHEN_CHARGED)
    assert isinstance((await it.charge()).error, AuthenticationRequired)
    [payment] = await every(life.runtime, Payment)
    path = f"/v1/payment_intents/{payment.stripe_id}/confirm"
    params = {"payment_method": other.stripe_id, "return_url": "https://shop.example/done"}
    with pytest.raises(Declined):
        await life.runtime.gateway.send(Request("post", path, params))
    assert await it.used_by() is not None
    await life.catch_up()
    await life.sweep()
    assert await it.statuses() == ["canceled"]
    assert await it.used_by() is None
    assert (await it.charge(payment_method_id=other.id)).payment_id != payment.id


async def test_a_customer_who_did_not_confirm_may_try_again(life: Life) -> None:
    it = await chargeable(life.runtime, life.sandbox, "ONE_TIME", card=WANTS_AUTHENTICATION)
    await it.charge()
    [payment] = await every(life.runtime, Payment)
    path = f"/v1/payment_intents/{payment.stripe_id}/confirm"
    params = {"payment_method": payment.payment_method_stripe_id, "return_url": "https://shop.example/done"}
    asked = (await life.runtime.gateway.send(Request("post", path, params))).data
    life.sandbox.press(asked["next_action"]["redirect_to_url"]["url"], "Fail")
    await life.catch_up()
    await life.sweep()
    [payment] = await every(life.runtime, Payment)
    assert payment.failure_code == "payment_intent_authentication_failure"
    assert await it.statuses() == ["requires_payment_method"]
    assert await it.used_by() is not None
