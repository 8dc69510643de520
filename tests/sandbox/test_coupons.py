"""Coupons and promotion codes on subscriptions, worked out by hand."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing import Shop, amounts
from tests.sandbox.test_checkout_sessions import event_types

DAY = 86400


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)


def coupon(shop: Shop, **params: Any) -> str:
    wanted: Any = params
    return shop.client.v1.coupons.create(wanted).id


def taken(line: Any) -> list[int]:
    """What each discount takes off a line."""
    return [each.amount for each in line.discount_amounts]


def test_a_coupon_for_once_is_used_up_by_the_first_invoice(shop: Shop) -> None:
    half = coupon(shop, percent_off=50, name="Half")
    price = shop.price(1001)
    begun = shop.subscribe(price, discounts=[{"coupon": half}], expand=["latest_invoice.discounts.source.coupon"])

    invoice = begun.latest_invoice
    # 10.01 / 2 = 5.005, rounded away from zero.
    assert (amounts(invoice), invoice.subtotal, invoice.total, invoice.amount_paid) == ([1001], 1001, 500, 500)
    (discount,) = invoice.discounts
    assert (discount.source.coupon.id, discount.subscription, discount.end) == (half, begun.id, None)
    assert [(each.amount, each.discount) for each in invoice.total_discount_amounts] == [(501, discount.id)]
    assert taken(invoice.lines.data[0]) == [501]
    assert begun.discounts == []
    assert event_types(shop.client, discount.id) == ["customer.discount.created", "customer.discount.deleted"]
    assert shop.client.v1.invoices.create_preview({"subscription": begun.id}).total == 1001


def test_a_trial_leaves_a_coupon_for_the_first_invoice_that_costs_something(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000), discounts=[{"coupon": coupon(shop, percent_off=25)}], trial_period_days=7)
    assert (begun.latest_invoice.total, len(begun.discounts)) == (0, 1)
    assert shop.client.v1.invoices.create_preview({"subscription": begun.id}).total == 750


def test_a_coupon_for_some_months_has_an_end_and_one_for_ever_has_none(shop: Shop) -> None:
    some = coupon(shop, percent_off=10, duration="repeating", duration_in_months=2)
    ever = coupon(shop, amount_off=100, currency="usd", duration="forever")
    price = shop.price(1000, "month")
    begun = shop.subscribe(price, discounts=[{"coupon": some}, {"coupon": ever}], expand=["discounts"])
    first, second = begun.discounts
    assert 59 * DAY <= first.end - first.start <= 62 * DAY
    assert second.end is None
    # 10 % of 10.00 first, then 1.00 off the rest.
    assert shop.client.v1.invoices.create_preview({"subscription": begun.id}).total == 800


def test_an_amount_off_is_laid_on_the_lines_as_their_amounts_are_to_each_other(shop: Shop) -> None:
    ten = coupon(shop, amount_off=1000, currency="usd")
    begun = shop.subscribe(shop.price(1000), shop.price(2000), shop.price(4000), discounts=[{"coupon": ten}])
    # 1000 * 1/7 = 142.86, 285.71 and 571.43: what rounding down leaves goes to those that lost most.
    assert [taken(line) for line in begun.latest_invoice.lines.data] == [[143], [286], [571]]
    assert begun.latest_invoice.total == 6000
    cheap = shop.subscribe(shop.price(700), discounts=[{"coupon": coupon(shop, amount_off=900, currency="usd")}])
    assert (cheap.latest_invoice.total, cheap.latest_invoice.status, cheap.status) == (0, "paid", "active")


def test_an_items_own_coupon_comes_before_that_of_the_subscription(shop: Shop) -> None:
    own, common = coupon(shop, percent_off=50), coupon(shop, percent_off=10)
    begun = shop.subscribe(
        items=[{"price": shop.price(1000), "discounts": [{"coupon": own}]}, {"price": shop.price(500)}],
        discounts=[{"coupon": common}],
    )
    invoice = begun.latest_invoice
    # 10.00 - 5.00 = 5.00, of which a tenth; and a tenth of 5.00.
    assert [taken(line) for line in invoice.lines.data] == [[500, 50], [50]]
    assert (invoice.subtotal, invoice.total) == (1000, 900)


def test_a_coupon_can_be_for_some_products_only(shop: Shop) -> None:
    tea, coffee = shop.price(1000), shop.price(500)
    product = str(shop.client.v1.prices.retrieve(tea).product)
    id = coupon(shop, percent_off=100, applies_to={"products": [product]})
    begun = shop.subscribe(tea, coffee, discounts=[{"coupon": id}])
    assert [taken(line) for line in begun.latest_invoice.lines.data] == [[1000], []]
    shown: Any = shop.client.v1.coupons.retrieve(id, {"expand": ["applies_to"]})
    assert shown.applies_to.products == [product]


def test_discounts_can_be_kept_exchanged_and_taken_away(shop: Shop) -> None:
    ever = coupon(shop, percent_off=20, duration="forever")
    more = coupon(shop, amount_off=100, currency="usd", duration="forever")
    begun = shop.subscribe(shop.price(1000), discounts=[{"coupon": ever}])
    (kept,) = begun.discounts

    both = shop.change(begun, discounts=[{"discount": kept}, {"coupon": more}])

    assert (both.discounts[0], len(both.discounts)) == (kept, 2)
    assert shop.client.v1.invoices.create_preview({"subscription": begun.id}).total == 700
    assert shop.change(begun, discounts="").discounts == []
    assert event_types(shop.client, kept)[-1] == "customer.discount.deleted"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.change(begun, discounts=[{"discount": kept}])
    assert (refusal.value.param, refusal.value.code) == ("discounts[0][discount]", "resource_missing")


def test_what_a_coupon_takes_off_is_part_of_prorations(shop: Shop) -> None:
    half = coupon(shop, percent_off=50, duration="forever")
    for shown, expected in (("included", [-250, 500]), ("itemized", [-500, 1000])):
        mode = {"type": "flexible", "flexible": {"proration_discounts": shown}}
        begun = shop.subscribe(shop.price(1000), discounts=[{"coupon": half}], billing_mode=mode)
        items = [{"id": begun["items"].data[0].id, "quantity": 2}]
        changed = shop.change(begun, 0.5, items=items, proration_behavior="always_invoice")
        # 5.00 were paid, half of it is left; 10.00 for two, half of it.
        assert (amounts(changed.latest_invoice), changed.latest_invoice.total) == (expected, 250)
        assert sum(taken(changed.latest_invoice.lines.data[1])) == (500 if shown == "itemized" else 0)


def test_flexible_lays_an_amount_off_by_price_and_classic_evenly(shop: Shop) -> None:
    off = coupon(shop, amount_off=600, currency="usd", duration="forever")
    for mode, back in (("flexible", -400), ("classic", -350)):
        cheap, dear = shop.price(1000), shop.price(2000)
        begun = shop.subscribe(cheap, dear, discounts=[{"coupon": off}], billing_mode={"type": mode})
        # Of 6.00 off, 2.00 or 3.00 are the cheap one's: half of 8.00 or of 7.00 comes back.
        shop.change(begun, 0.5, items=[{"id": begun["items"].data[0].id, "deleted": True}])
        assert [amount for _, amount in shop.waiting(begun)] == [back]


def test_a_coupon_for_once_waits_for_an_invoice_and_not_for_prorations(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    once, item = coupon(shop, percent_off=50), begun["items"].data[0].id
    shop.change(begun, 0.5, items=[{"id": item, "quantity": 3}], discounts=[{"coupon": once}])
    assert [amount for _, amount in shop.waiting(begun)] == [-500, 1500]
    # The renewal is halved: 30.00 / 2, and what waits as it is.
    assert shop.client.v1.invoices.create_preview({"subscription": begun.id}).total == 1500 + 1000

    other = shop.subscribe(shop.price(1000))
    items = [{"id": other["items"].data[0].id, "quantity": 3}]
    billed = shop.change(other, 0.5, items=items, discounts=[{"coupon": once}], proration_behavior="always_invoice")
    assert (amounts(billed.latest_invoice), billed.discounts) == ([-500, 750], [])


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"percent_off": 101}, "percent_off"),
        ({"percent_off": 10, "amount_off": 5, "currency": "usd"}, "percent_off"),
        ({"amount_off": 5}, "currency"),
        ({"amount_off": 0, "currency": "usd"}, "amount_off"),
        ({"percent_off": 10, "duration": "repeating"}, "duration_in_months"),
        ({"percent_off": 10, "duration_in_months": 2}, "duration_in_months"),
        ({"percent_off": 10, "max_redemptions": 0}, "max_redemptions"),
        ({"percent_off": 10, "redeem_by": 1}, "redeem_by"),
        ({"percent_off": 10, "applies_to": {"products": ["prod_none"]}}, "applies_to[products]"),
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(shop: Shop, params: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        coupon(shop, **params)
    assert refusal.value.param == param


def test_a_coupon_is_refused_where_it_cannot_be_used(shop: Shop) -> None:
    price = shop.price(1000)
    euros = coupon(shop, amount_off=100, currency="eur")
    with pytest.raises(stripe.InvalidRequestError, match=r"takes off eur") as refusal:
        shop.subscribe(price, discounts=[{"coupon": euros}])
    assert refusal.value.param == "discounts[0]"
    both = coupon(shop, amount_off=100, currency="eur", currency_options={"usd": {"amount_off": 150}})
    assert shop.subscribe(price, discounts=[{"coupon": both}]).latest_invoice.total == 850
    last = coupon(shop, percent_off=10, max_redemptions=1)
    shop.subscribe(price, discounts=[{"coupon": last}])
    assert not shop.client.v1.coupons.retrieve(last).valid
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.subscribe(price, discounts=[{"coupon": last}])
    assert refusal.value.code == "coupon_expired"


def test_a_deleted_coupon_goes_on_where_it_is_used(shop: Shop) -> None:
    id = coupon(shop, percent_off=10, duration="forever", metadata={"a": "1"})
    begun = shop.subscribe(shop.price(1000), discounts=[{"coupon": id}])
    assert shop.client.v1.coupons.update(id, {"name": "Ten", "metadata": {"a": ""}}).name == "Ten"
    assert shop.client.v1.coupons.delete(id).deleted
    assert event_types(shop.client, id) == ["coupon.created", "coupon.updated", "coupon.deleted"]
    assert shop.client.v1.invoices.create_preview({"subscription": begun.id}).total == 900
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.subscribe(shop.price(1000), discounts=[{"coupon": id}])
    assert refusal.value.code == "resource_missing"
    assert id not in [each.id for each in shop.client.v1.coupons.list({"limit": 100}).data]


def promotion(shop: Shop, percent_off: int = 10, **params: Any) -> Any:
    wanted: Any = {"promotion": {"type": "coupon", "coupon": coupon(shop, percent_off=percent_off)}, **params}
    return shop.client.v1.promotion_codes.create(wanted)


def test_a_promotion_code_stands_for_its_coupon(shop: Shop) -> None:
    code = promotion(shop, code="Spring-27x")
    begun = shop.subscribe(
        shop.price(1000), discounts=[{"promotion_code": code.id}], expand=["latest_invoice.discounts"]
    )
    (discount,) = begun.latest_invoice.discounts
    assert (begun.latest_invoice.total, discount.promotion_code) == (900, code.id)
    (found,) = shop.client.v1.promotion_codes.list({"code": "SPRING-27X"}).data
    assert (found.id, found.times_redeemed) == (code.id, 1)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        promotion(shop, code="spring-27X")
    shop.client.v1.promotion_codes.update(code.id, {"active": False})
    assert promotion(shop, code="spring-27X").active


def test_a_promotion_code_is_refused_to_those_whom_it_is_not_for(shop: Shop) -> None:
    price = shop.price(1000)
    regular = shop.subscribe(price).customer
    limited = [
        promotion(shop, customer=regular),
        promotion(shop, active=False),
        promotion(shop, restrictions={"minimum_amount": 1001, "minimum_amount_currency": "usd"}),
    ]
    for code in limited:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            shop.subscribe(price, discounts=[{"promotion_code": code.id}])
        assert refusal.value.param == "discounts[0][promotion_code]"
    first = promotion(shop, restrictions={"first_time_transaction": True}, max_redemptions=1)
    with pytest.raises(stripe.InvalidRequestError, match="prior transactions"):
        shop.subscribe(price, customer=regular, discounts=[{"promotion_code": first.id}])
    assert shop.subscribe(price, discounts=[{"promotion_code": first.id}]).latest_invoice.total == 900
    assert not shop.client.v1.promotion_codes.retrieve(first.id).active
    with pytest.raises(stripe.InvalidRequestError, match="not active"):
        shop.subscribe(price, discounts=[{"promotion_code": first.id}])
