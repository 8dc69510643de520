"""Changes that must be paid for, by every `payment_behavior`."""

from typing import Any

import pytest
import stripe

from tests.sandbox.bench import Bench
from tests.sandbox.billing import Shop, amounts
from tests.sandbox.test_checkout_sessions import event_types

HOUR = 3600


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)


def broke(shop: Shop, **params: Any) -> Any:
    """A weekly subscription for 10.00 whose customer has just lost the card that works."""
    begun = shop.subscribe(shop.price(1000), **params)
    bad = shop.client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": begun.customer})
    shop.client.v1.customers.update(begun.customer, {"invoice_settings": {"default_payment_method": bad.id}})
    return begun


def upgrade(shop: Shop, subscription: Any, behavior: str, **params: Any) -> Any:
    """Three of them instead of one at half of the week: 15.00 - 5.00 are due."""
    items = [{"id": subscription["items"].data[0].id, "quantity": 3}]
    return shop.change(
        subscription, 0.5, items=items, proration_behavior="always_invoice", payment_behavior=behavior, **params
    )


def quantity(subscription: Any) -> int:
    return int(subscription["items"].data[0].quantity)


def test_a_change_waits_for_its_payment(shop: Shop) -> None:
    begun = broke(shop)

    changed = upgrade(shop, begun, "pending_if_incomplete")

    invoice, waiting = changed.latest_invoice, changed.pending_update
    assert (changed.status, quantity(changed), invoice.status, invoice.amount_due) == ("active", 1, "open", 1000)
    assert (waiting.subscription_items[0].quantity, waiting.discounts, waiting.trial_end) == (3, None, None)
    assert waiting.expires_at == invoice.created + 23 * HOUR

    card = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": begun.customer})
    assert shop.client.v1.invoices.pay(invoice.id, {"payment_method": card.id}).status == "paid"

    paid = shop.client.v1.subscriptions.retrieve(begun.id)
    assert (paid.status, quantity(paid), paid.pending_update) == ("active", 3, None)
    assert event_types(shop.client, begun.id)[-2:] == [
        "customer.subscription.updated",
        "customer.subscription.pending_update_applied",
    ]


def test_a_change_that_is_paid_at_once_does_not_wait(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    changed = upgrade(shop, begun, "pending_if_incomplete")
    assert (quantity(changed), changed.pending_update, changed.latest_invoice.amount_paid) == (3, None, 1000)


def test_another_change_takes_the_place_of_one_that_waits(shop: Shop) -> None:
    begun = broke(shop)
    first = upgrade(shop, begun, "pending_if_incomplete").latest_invoice
    items = [{"id": begun["items"].data[0].id, "quantity": 2}]
    assert shop.preview(begun, 0.5, items=items, proration_behavior="always_invoice").total == 500
    second = shop.change(begun, 0.5, items=items, proration_behavior="always_invoice")
    assert (quantity(second), second.status, amounts(second.latest_invoice)) == (2, "past_due", [-500, 1000])
    assert shop.client.v1.invoices.retrieve(first.id).status == "void"


def test_voiding_the_invoice_drops_the_change_with_its_discount(shop: Shop) -> None:
    begun = broke(shop)
    tenth = shop.client.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    changed = upgrade(shop, begun, "pending_if_incomplete", discounts=[{"coupon": tenth.id}])
    (discount,) = changed.pending_update.discounts
    assert (changed.discounts, changed.latest_invoice.total) == ([], 1350 - 500)
    shop.client.v1.invoices.void_invoice(changed.latest_invoice.id)
    after = shop.client.v1.subscriptions.retrieve(begun.id)
    assert (quantity(after), after.discounts, after.pending_update) == (1, [], None)
    assert event_types(shop.client, discount) == ["customer.discount.created", "customer.discount.deleted"]
    assert event_types(shop.client, begun.id)[-1] == "customer.subscription.pending_update_expired"


def test_a_coupon_for_once_is_not_lost_with_a_change_that_nobody_pays(shop: Shop) -> None:
    begun = broke(shop)
    once = shop.client.v1.coupons.create({"percent_off": 50})
    (waiting,) = shop.change(begun, discounts=[{"coupon": once.id}]).discounts
    changed = upgrade(shop, begun, "pending_if_incomplete")
    # 15.00 / 2 for three, less the 5.00 that are left of the one.
    assert (changed.discounts, changed.latest_invoice.total) == ([waiting], 250)
    shop.client.v1.invoices.void_invoice(changed.latest_invoice.id)
    assert shop.client.v1.subscriptions.retrieve(begun.id).discounts == [waiting]

    again = upgrade(shop, begun, "pending_if_incomplete").latest_invoice
    card = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": begun.customer})
    shop.client.v1.invoices.pay(again.id, {"payment_method": card.id})
    paid = shop.client.v1.subscriptions.retrieve(begun.id)
    assert (paid.discounts, quantity(paid)) == ([], 3)


def test_an_invoice_that_is_void_leaves_the_old_debit_to_be_given_back(shop: Shop) -> None:
    begun = broke(shop)
    changed = upgrade(shop, begun, "pending_if_incomplete")
    shop.client.v1.invoices.void_invoice(changed.latest_invoice.id)
    shop.change(begun, 0.5, items=[{"id": begun["items"].data[0].id, "quantity": 2}])
    assert [amount for _, amount in shop.waiting(begun)] == [-500, 1000]


def test_without_waiting_an_unpaid_change_is_in_force_or_refused(shop: Shop) -> None:
    begun = broke(shop)
    with pytest.raises(stripe.CardError):
        upgrade(shop, begun, "error_if_incomplete")
    untouched = shop.client.v1.subscriptions.retrieve(begun.id)
    assert (quantity(untouched), untouched.latest_invoice, shop.waiting(begun)) == (1, begun.latest_invoice.id, [])

    for behavior in ("allow_incomplete", "default_incomplete"):
        other = broke(shop)
        changed = upgrade(shop, other, behavior)
        assert (quantity(changed), changed.status, changed.latest_invoice.status) == (3, "past_due", "open")
        assert changed.latest_invoice.attempt_count == (1 if behavior == "allow_incomplete" else 0)


def test_a_change_that_waits_ends_with_its_subscription(shop: Shop) -> None:
    begun = broke(shop)
    changed = upgrade(shop, begun, "pending_if_incomplete")
    assert shop.client.v1.subscriptions.cancel(begun.id).pending_update is None
    card = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": begun.customer})
    assert shop.client.v1.invoices.pay(changed.latest_invoice.id, {"payment_method": card.id}).status == "paid"
    after = shop.client.v1.subscriptions.retrieve(begun.id)
    assert (after.status, quantity(after)) == ("canceled", 1)


def test_only_what_is_billed_can_wait(shop: Shop) -> None:
    begun = broke(shop)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        upgrade(shop, begun, "pending_if_incomplete", metadata={"a": "b"})
    assert refusal.value.param == "metadata"


async def test_a_change_that_nobody_pays_is_dropped_after_23_hours(bench: Bench) -> None:
    begun = await bench.subscribe()
    bad = await bench.card(begun["customer"], "pm_card_chargeCustomerFail")
    wanted = {
        "items[0][id]": begun["items"]["data"][0]["id"],
        "items[0][quantity]": "2",
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
    }
    await bench.post(f"/v1/subscriptions/{begun['id']}", default_payment_method=bad["id"])
    changed = await bench.post(f"/v1/subscriptions/{begun['id']}", **wanted)
    asked_at = (await bench.last_invoice(begun["id"]))["created"]
    assert changed["pending_update"]["expires_at"] == asked_at + 23 * HOUR

    bench.pass_time(23 * HOUR - 60)
    assert (await bench.subscription(begun["id"]))["pending_update"]
    bench.pass_time(61)

    after = await bench.subscription(begun["id"])
    assert (after["pending_update"], after["items"]["data"][0]["quantity"], after["status"]) == (None, 1, "active")
    assert (await bench.get(f"/v1/invoices/{changed['latest_invoice']}"))["status"] == "void"
    assert "customer.subscription.pending_update_expired" in await bench.events()
