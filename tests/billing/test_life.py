"""A first subscription, paid, as told by Stripe's own events."""

from billing.tables import EventStatus, Invoice, StripeEvent, Subscription
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
