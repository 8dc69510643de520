"""Previews by hand: what they show, what they leave out, and when there is none."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing import Shop, amounts


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)


def test_a_new_subscription_can_be_seen_before_it_is_made(shop: Shop) -> None:
    customer, price = shop.customer(), shop.price(1000)
    half = shop.client.v1.coupons.create({"percent_off": 50}).id
    wanted: Any = {
        "customer": customer,
        "subscription_details": {"items": [{"price": price, "quantity": 3}]},
        "discounts": [{"coupon": half}],
        "invoice_items": [{"amount": 70, "currency": "usd", "description": "Setting up"}],
    }
    preview = shop.client.v1.invoices.create_preview(wanted)
    # 30.00 / 2 and 0.70 / 2.
    assert (amounts(preview), preview.total, preview.billing_reason) == ([3000, 70], 1535, "subscription_create")
    recurring = shop.client.v1.invoices.create_preview(wanted | {"preview_mode": "recurring"})
    assert (amounts(recurring), recurring.total) == ([3000], 3000)
    trial: Any = {
        **wanted,
        "invoice_items": [],
        "subscription_details": {**wanted["subscription_details"], "trial_end": preview.created + 86400},
    }
    assert shop.client.v1.invoices.create_preview(trial).total == 0
    assert shop.client.v1.subscriptions.list({"customer": customer, "status": "all"}).data == []
    assert shop.client.v1.invoices.list({"customer": customer}).data == []
    assert shop.client.v1.invoice_items.list({"customer": customer}).data == []
    assert shop.client.v1.coupons.retrieve(half).times_redeemed == 0


def test_an_end_can_be_seen_before_it_comes(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    assert amounts(shop.preview(begun, 0.25, cancel_now=True)) == [-750]
    assert amounts(shop.preview(begun, cancel_now=True, proration_behavior="none")) == []
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.preview(begun, cancel_at_period_end=True)
    assert refusal.value.code == "invoice_upcoming_none"
    assert shop.client.v1.subscriptions.retrieve(begun.id).status == "active"


def test_what_recurs_is_without_what_is_for_once(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    once = shop.client.v1.coupons.create({"percent_off": 50}).id
    item = {"id": begun["items"].data[0].id, "quantity": 2}
    wanted: Any = {"subscription": begun.id, "subscription_details": {"items": [item]}, "discounts": [{"coupon": once}]}
    wanted["subscription_details"]["proration_behavior"] = "none"
    assert shop.client.v1.invoices.create_preview(wanted).total == 1000
    assert shop.client.v1.invoices.create_preview(wanted | {"preview_mode": "recurring"}).total == 2000


def test_a_preview_is_refused_as_the_change_would_be(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    client = shop.client.v1.invoices
    wanted: Any = [
        {},
        {"customer": begun.customer},
        {"subscription": "sub_none"},
        {"subscription": begun.id, "customer": shop.customer()},
        {"subscription": begun.id, "subscription_details": {"items": [{"id": "si_none"}]}},
        {"subscription": begun.id, "discounts": [{"coupon": "none"}]},
        {"subscription": begun.id, "subscription_details": {"proration_date": 1}},
        {"customer": begun.customer, "subscription_details": {"items": [{"price": "price_none"}]}},
        {"subscription": begun.id, "subscription_details": {"start_date": 1}},
    ]
    refused = []
    for each in wanted:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.create_preview(each)
        refused.append(refusal.value.param)
    assert refused == [
        "subscription",
        "subscription",
        "subscription",
        "customer",
        "items[0][id]",
        "discounts[0][coupon]",
        "proration_date",
        "items[0][price]",
        "subscription_details[start_date]",
    ]


def test_a_preview_is_by_the_clock_that_the_customer_lives_on(shop: Shop) -> None:
    frozen = 1_893_456_000
    clock = shop.client.v1.test_helpers.test_clocks.create({"frozen_time": frozen})
    customer = shop.client.v1.customers.create({"test_clock": clock.id})
    card = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    begun = shop.subscribe(shop.price(1000), customer=customer.id, default_payment_method=card.id)
    upcoming = shop.client.v1.invoices.create_preview({"subscription": begun.id})
    assert (begun.created, upcoming.period_end) == (frozen, frozen + 7 * 86400)
    assert amounts(shop.preview(begun, 0.25, cancel_now=True)) == [-750]
    assert shop.client.v1.customers.create({}).created < frozen
