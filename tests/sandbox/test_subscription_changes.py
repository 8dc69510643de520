"""Items, cycles, trials and ends of subscriptions, with what each change bills."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing import WEEK, Shop, amounts
from tests.sandbox.test_checkout_sessions import event_types

DAY = 24 * 3600


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)


def test_items_have_an_api_of_their_own(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    items = shop.client.v1.subscription_items
    later = begun["items"].data[0].current_period_start + WEEK // 2

    added = items.create({"subscription": begun.id, "price": shop.price(500), "proration_date": later})
    changed = items.update(added.id, {"quantity": 3, "proration_behavior": "none", "metadata": {"a": "b"}})

    assert (changed.quantity, changed.metadata["a"]) == (3, "b")
    assert items.retrieve(added.id).price.unit_amount == 500
    # Half of 5.00; the change to three was free, so deleting gives no more than that back.
    assert items.delete(added.id, {"proration_date": later}).deleted
    assert [amount for _, amount in shop.waiting(begun)] == [250, -250]
    assert [item.id for item in items.list({"subscription": begun.id}).data] == [begun["items"].data[0].id]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        items.retrieve(added.id)
    assert refusal.value.http_status == 404


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([{"id": "si_none", "quantity": 2}], "items[0][id]"),
        ([{"id": ..., "price": "price_none"}], "items[0][price]"),
        ([{"quantity": 2}], "items[0][price]"),
        ([{"id": ..., "quantity": -1}], "items[0][quantity]"),
        ([{"id": ..., "deleted": True}], "items"),
    ],
)
def test_items_that_are_not_there_or_make_no_sense_are_refused(shop: Shop, items: Any, param: str) -> None:
    begun = shop.subscribe(shop.price(1000))
    wanted = [{**item, **({"id": begun["items"].data[0].id} if item.get("id") is ... else {})} for item in items]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.change(begun, items=wanted)
    assert refusal.value.param == param


def test_prices_of_another_currency_or_twice_the_same_are_refused(shop: Shop) -> None:
    price = shop.price(1000)
    begun = shop.subscribe(price)
    for each in (price, shop.price(1000, currency="eur")):
        with pytest.raises(stripe.InvalidRequestError):
            shop.change(begun, items=[{"price": each}])
    classic = shop.subscribe(price, billing_mode={"type": "classic"})
    with pytest.raises(stripe.InvalidRequestError, match="flexible billing mode"):
        shop.change(classic, items=[{"price": shop.price(1000, "month")}])


def test_flexible_bills_items_of_several_intervals_each_in_its_own_time(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    both = shop.change(begun, items=[{"price": shop.price(52000, "year")}])
    week, year = both["items"].data
    assert week.current_period_end < year.current_period_end
    assert [amount for _, amount in shop.waiting(begun)] == [52000]
    upcoming = shop.client.v1.invoices.create_preview({"subscription": begun.id})
    assert amounts(upcoming) == [1000, 52000]


def test_the_cycle_can_be_anchored_now(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    anchored = shop.change(begun, 0.5, billing_cycle_anchor={"type": "now"})
    # Half of the old week comes back, a new one is charged.
    assert sorted(amounts(anchored.latest_invoice)) == [-500, 1000]
    (item,) = anchored["items"].data
    assert anchored.billing_cycle_anchor == item.current_period_start == anchored.latest_invoice.created
    free = shop.change(anchored, 0.5, billing_cycle_anchor={"type": "now"}, proration_behavior="none")
    assert amounts(free.latest_invoice) == [1000]
    assert shop.change(free, billing_cycle_anchor={"type": "unchanged"}).latest_invoice.id == free.latest_invoice.id


def test_a_cycle_that_begins_later_costs_its_share_until_then(shop: Shop) -> None:
    customer = shop.customer()
    now = int(shop.client.v1.customers.retrieve(customer).created)
    price = shop.price(70000)
    begun = shop.subscribe(price, customer=customer, billing_cycle_anchor=now + DAY)
    (item,) = begun["items"].data
    assert (item.current_period_end, begun.billing_cycle_anchor) == (now + DAY, now + DAY)
    # At most a day of seven, less the seconds that this test has taken.
    assert 9900 <= begun.latest_invoice.total <= 10000
    upcoming = shop.client.v1.invoices.create_preview({"subscription": begun.id})
    assert (upcoming.total, upcoming.period_end) == (70000, now + DAY)
    free = shop.subscribe(price, billing_cycle_anchor=now + DAY, proration_behavior="none")
    assert (free.latest_invoice.total, free.status) == (0, "active")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.subscribe(price, billing_cycle_anchor=now + 2 * WEEK)
    assert refusal.value.param == "billing_cycle_anchor"


def test_a_trial_can_be_ended_extended_and_given_again(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000), trial_period_days=3)
    longer = shop.change(begun, trial_end=begun.trial_end + DAY)
    assert longer["items"].data[0].current_period_end == longer.billing_cycle_anchor == begun.trial_end + DAY
    assert (longer.status, longer.latest_invoice.id) == ("trialing", begun.latest_invoice.id)
    assert shop.change(longer, items=[{"id": begun["items"].data[0].id, "quantity": 2}]).status == "trialing"
    assert shop.waiting(begun) == []

    paying = shop.change(longer, trial_end="now")
    assert (paying.status, amounts(paying.latest_invoice)) == ("active", [2000])
    assert paying["items"].data[0].current_period_end == paying.billing_cycle_anchor + WEEK

    # What is left of the week is given back: all of it, but for the seconds that have passed.
    again = shop.change(paying, trial_end=paying.created + 10 * DAY)
    assert again.status == "trialing"
    trial, back = again.latest_invoice.lines.data
    assert (trial.amount, -2000 <= back.amount <= -1999) == (0, True)


def test_ending_now_gives_back_and_bills_what_is_asked_for(shop: Shop) -> None:
    def end(**how: Any) -> Any:
        begun = shop.subscribe(shop.price(1000))
        shop.change(begun, 0.5, items=[{"price": shop.price(400)}])
        wanted: Any = {**how, "expand": ["latest_invoice"]}
        return shop.client.v1.subscriptions.cancel(begun.id, wanted)

    assert shop.waiting(end()) == []
    invoiced = end(invoice_now=True).latest_invoice
    assert (amounts(invoiced), invoiced.amount_paid) == ([200], 200)
    prorated = end(prorate=True)
    added, *back = [amount for _, amount in shop.waiting(prorated)]
    # 10.00 for the whole week, and what was added for its second half.
    assert added == 200
    assert sum(back) in range(-1200, -1197)
    both = end(prorate=True, invoice_now=True)
    assert both.latest_invoice.total in range(-1000, -997)
    assert shop.client.v1.customers.retrieve(both.customer).balance == both.latest_invoice.total


def test_one_time_prices_are_billed_together_with_a_subscription(shop: Shop) -> None:
    product = shop.client.v1.products.create({"name": "Setup"}).id
    once = shop.client.v1.prices.create({"currency": "usd", "unit_amount": 300, "product": product}).id
    begun = shop.subscribe(shop.price(1000), add_invoice_items=[{"price": once, "quantity": 2}])
    assert amounts(begun.latest_invoice) == [1000, 600]
    shop.change(begun, add_invoice_items=[{"price": once}])
    assert shop.waiting(begun) == [("Setup", 300)]
    recurring = [{"price": begun["items"].data[0].price.id}]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.change(begun, add_invoice_items=recurring)
    assert refusal.value.param == "add_invoice_items[0][price]"


def test_all_discounts_of_a_subscription_can_be_deleted(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    begun = shop.subscribe(shop.price(1000), discounts=[{"coupon": coupon.id}])
    assert shop.client.v1.subscriptions.delete_discount(begun.id).deleted
    assert shop.client.v1.subscriptions.retrieve(begun.id).discounts == []
    assert event_types(shop.client, begun.id)[-1] == "customer.subscription.updated"


def test_what_an_incomplete_subscription_bills_stays_as_it_is(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000), payment_behavior="default_incomplete")
    with pytest.raises(stripe.InvalidRequestError, match="incomplete"):
        shop.change(begun, items=[{"id": begun["items"].data[0].id, "quantity": 2}])
    assert shop.change(begun, metadata={"a": "b"}).metadata["a"] == "b"
