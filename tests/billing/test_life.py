"""A first subscription, paid, as told by Stripe's own events."""

from datetime import timedelta

from billing.tables import EventStatus, Invoice, InvoicePayment, Payment, StripeEvent, Subscription
from tests.billing.life import Life
from tests.billing.ready import every, ready
from tests.comparing import differences


async def test_events_are_fetched_and_applied_in_the_time_of_the_sandbox(life: Life) -> None:
    await life.advance(days=40)
    it = await ready(life.runtime, life.sandbox)
    await it.subscribe()

    await life.catch_up()

    [subscription], [invoice] = await every(life.runtime, Subscription), await every(life.runtime, Invoice)
    assert (subscription.status, invoice.status) == ("active", "paid")
    assert abs((subscription.created_at - life.sandbox.now()).total_seconds()) < 60
    assert await differences(life.runtime) == []
    assert {each.status for each in await every(life.runtime, StripeEvent)} <= {
        EventStatus.APPLIED,
        EventStatus.SKIPPED,
    }


async def test_the_payment_behind_an_invoice_that_could_not_be_collected_is_known(life: Life) -> None:
    it = await ready(life.runtime, life.sandbox)
    await it.subscribe()
    [subscription] = await every(life.runtime, Subscription)
    assert subscription.current_period_end is not None
    life.sandbox.control("payments/fail_next", payment_method=it.method.stripe_id, decline_code="insufficient_funds")

    await life.advance_to(subscription.current_period_end + timedelta(hours=2))

    open_one = next(each for each in await every(life.runtime, Invoice) if each.status == "open")
    [link] = [
        each for each in await every(life.runtime, InvoicePayment) if each.invoice_stripe_id == open_one.stripe_id
    ]
    payment = next(
        each for each in await every(life.runtime, Payment) if each.stripe_id == link.payment_intent_stripe_id
    )
    assert (open_one.attempt_count, payment.failure_decline_code) == (1, "insufficient_funds")
    assert await differences(life.runtime) == []


async def test_what_is_not_known_of_stripe_is_noticed(life: Life) -> None:
    it = await ready(life.runtime, life.sandbox)
    await it.subscribe()
    await life.catch_up()
    [subscription] = await every(life.runtime, Subscription)
    client = life.sandbox.client()
    client.v1.subscriptions.update(subscription.stripe_id, {"metadata": {"desk": "4"}})
    product = client.v1.products.create({"name": "Unheard of"})

    told = await differences(life.runtime)

    assert f"{subscription.stripe_id} is known otherwise: metadata" in told
    assert f"{product.id} is not known" in told
