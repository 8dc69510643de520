"""Changes as time passes: in a trial, at its end, past due, waiting for the customer, and by another interval."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.errors import AuthenticationRequired, InvalidInput, InvalidTransition, PreviewStale
from billing.subscriptions import Item
from billing.tables import Invoice, Subscription, SubscriptionItem
from tests.billing.changing import Subscribed, preview_new, subscribed
from tests.billing.journey import a_consent, a_customer, a_saved_method
from tests.billing.life import Life
from tests.billing.ready import every, ready
from tests.billing.updates.test_updates_payment import WANTS_AUTHENTICATION, a_method
from tests.comparing import differences


async def on_the_clock(life: Life, **more: object) -> Subscribed:
    it = await subscribed(life.runtime, life.sandbox, **more)  # type: ignore[arg-type]
    await life.catch_up()
    return it


async def the_item(life: Life) -> SubscriptionItem:
    found: list[SubscriptionItem] = await every(life.runtime, SubscriptionItem)
    [item] = found
    return item


async def test_half_way_through_the_period_half_is_due(life: Life) -> None:
    it = await on_the_clock(life)
    await life.advance(days=15)
    preview = await it.preview(it.dearer)
    await life.advance(minutes=40)
    assert (await it.update(it.dearer, preview_token=preview.token)).error is None
    assert (await it.charged())[-1] == preview.figures.due_now
    assert 450 <= preview.figures.due_now <= 550
    await life.catch_up()
    assert await differences(life.runtime) == []


async def test_a_preview_does_not_outlive_its_period(life: Life) -> None:
    it = await on_the_clock(life)
    end = (await it.at_stripe())["items"]["data"][0]["current_period_end"]
    await life.advance_to(datetime.fromtimestamp(end, UTC) - timedelta(minutes=20))
    preview = await it.preview(it.dearer)
    await life.advance(minutes=30)
    with pytest.raises(PreviewStale):
        await it.update(it.dearer, preview_token=preview.token)
    assert await it.billed() == [(it.ready.price.stripe_id, 1)]


async def test_in_a_trial_nothing_is_due_and_the_end_is_kept(life: Life) -> None:
    it = await on_the_clock(life, subscribe={"trial_days": 14})
    await life.advance(days=5)
    before = await it.row()
    preview = await it.preview(it.dearer)
    assert (preview.figures.due_now, preview.figures.next_total) == (0, 2500)
    assert before.trial_end is not None
    assert preview.figures.next_billing_at == int(before.trial_end.timestamp())
    assert (await it.update(it.dearer, preview_token=preview.token)).error is None
    assert (await it.row()).trial_end == before.trial_end
    await life.advance(days=10)
    await life.advance(hours=2)
    assert await it.charged() == [2500]


async def test_a_trial_without_a_method_gets_one_before_its_end(life: Life) -> None:
    runtime = life.runtime
    it = await ready(runtime, life.sandbox)
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    assert (await preview_new(it, customer_id=customer, trial_days=7)).figures.due_now == 0
    created = await it.subscribe(customer_id=customer, payment_method_id=None, trial_days=7)
    assert created.subscription_id is not None
    trial = Subscribed(it, created.subscription_id, it.price, it.price)
    method = await a_saved_method(runtime, life.sandbox, customer, consent.id)
    assert (await trial.update(payment_method_id=method.id)).error is None
    await life.advance(days=8)
    await life.advance(hours=2)
    row = await trial.row()
    paid = [each.amount_paid for each in await every(runtime, Invoice) if each.customer_id == customer]
    assert (row.status, sorted(paid)) == ("active", [0, 1500])


async def test_a_trial_that_ends_without_a_method_stands_still(life: Life) -> None:
    it = await ready(life.runtime, life.sandbox)
    customer = await a_customer(life.runtime)
    await a_consent(life.runtime, customer)
    created = await it.subscribe(customer_id=customer, payment_method_id=None, trial_days=7)
    await life.advance(days=8)
    [row] = [each for each in await every(life.runtime, Subscription) if each.id == created.subscription_id]
    assert row.status == "paused"
    with pytest.raises(InvalidTransition):
        await Subscribed(it, row.id, it.price, it.price).update(Item(it.price.id, 2))


async def test_what_the_customer_confirms_is_then_in_force(life: Life) -> None:
    it = await on_the_clock(life)
    good = it.ready.method
    wary = await a_method(it, life.sandbox, WANTS_AUTHENTICATION)
    assert isinstance((await it.update(it.dearer, payment_method_id=wary.id)).error, AuthenticationRequired)
    await life.catch_up()
    assert (await the_item(life)).price_stripe_id == it.ready.price.stripe_id
    [open_one] = [each for each in await it.invoices() if each["status"] == "open"]
    life.sandbox.client().v1.invoices.pay(open_one["id"], {"payment_method": good.stripe_id})
    await life.catch_up()
    assert (await the_item(life)).price_stripe_id == it.dearer.stripe_id
    assert len(await it.charged()) == 2
    assert await differences(life.runtime) == []


async def test_what_the_customer_does_not_confirm_in_time_is_dropped(life: Life) -> None:
    it = await on_the_clock(life)
    wary = await a_method(it, life.sandbox, WANTS_AUTHENTICATION)
    assert isinstance((await it.update(it.dearer, payment_method_id=wary.id)).error, AuthenticationRequired)
    await life.advance(hours=24)
    assert (await it.at_stripe())["pending_update"] is None
    assert (await the_item(life)).price_stripe_id == it.ready.price.stripe_id
    assert sorted(each.status for each in await every(life.runtime, Invoice)) == ["paid", "void"]
    assert await it.charged() == [1500]


async def test_one_that_is_past_due_takes_another_method_and_no_change(life: Life) -> None:
    it = await on_the_clock(life)
    bad = await a_method(it, life.sandbox, "4000000000000341")
    good = it.ready.method
    assert (await it.update(payment_method_id=bad.id)).error is None
    await life.advance(days=31)
    await life.advance(hours=2)
    assert (await it.row()).status == "past_due"
    with pytest.raises(InvalidTransition):
        await it.update(it.dearer)
    assert (await it.update(payment_method_id=good.id)).error is None
    await life.advance(days=14)
    assert (await it.row()).status == "active"
    assert await it.charged() == [1500, 1500]


async def test_credit_lowers_what_is_billed_next(life: Life) -> None:
    it = await on_the_clock(life)
    await life.advance(days=10)
    assert (await it.update(it.cheaper)).error is None
    preview = await it.preview(it.ready.price)
    # What was credited is worth as much again on the way back.
    assert preview.figures.due_now == 0
    assert preview.figures.billed_now > 0
    await life.advance(days=25)
    await life.advance(hours=2)
    assert await it.charged() == [1500]
    assert await differences(life.runtime) == []


async def test_other_items_than_previewed_are_refused(life: Life) -> None:
    it = await on_the_clock(life)
    preview = await it.preview(it.dearer)
    with pytest.raises(InvalidInput) as caught:
        await it.update(it.cheaper, preview_token=preview.token)
    assert caught.value.problems[0].path == ("input", "items")
    assert await it.billed() == [(it.ready.price.stripe_id, 1)]
