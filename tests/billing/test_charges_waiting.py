"""Charges that wait for their customer, and how long."""

from billing.errors import AuthenticationRequired
from billing.stripe_gateway import Request
from billing.tables import Payment
from tests.billing.chargeable import WANTS_AUTHENTICATION, chargeable
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
