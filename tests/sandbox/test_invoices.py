"""Invoices and their items made over the API, and the customer's balance."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing import Shop, amounts
from tests.sandbox.test_checkout_sessions import event_types


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)


def wait(shop: Shop, customer: str, amount: int, **params: Any) -> stripe.InvoiceItem:
    wanted: Any = {"customer": customer, "amount": amount, "currency": "usd", **params}
    return shop.client.v1.invoice_items.create(wanted)


def invoice(shop: Shop, customer: str, **params: Any) -> stripe.Invoice:
    wanted: Any = {"customer": customer, "pending_invoice_items_behavior": "include", **params}
    return shop.client.v1.invoices.create(wanted)


def test_an_invoice_of_what_waits_can_be_edited_finalized_and_paid(shop: Shop) -> None:
    customer = shop.customer()
    first = wait(shop, customer, 300, description="Setting up")
    wait(shop, customer, 100, currency="eur")
    draft = invoice(shop, customer)
    assert (draft.status, draft.billing_reason, draft.parent, amounts(draft)) == ("draft", "manual", None, [300])

    second = wait(shop, customer, 50, invoice=draft.id)
    shop.client.v1.invoice_items.update(second.id, {"amount": 80, "description": "Travel"})
    assert amounts(shop.client.v1.invoices.retrieve(draft.id)) == [300, 80]
    shop.client.v1.invoice_items.delete(first.id)
    half = shop.client.v1.coupons.create({"percent_off": 50})
    edited = shop.client.v1.invoices.update(draft.id, {"discounts": [{"coupon": half.id}]})
    assert (amounts(edited), edited.subtotal, edited.total) == ([80], 80, 40)
    assert shop.client.v1.invoices.update(draft.id, {"discounts": ""}).total == 80

    shop.client.v1.invoices.finalize_invoice(draft.id)
    assert shop.client.v1.invoices.pay(draft.id).status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="no draft any more"):
        shop.client.v1.invoice_items.update(second.id, {"amount": 1})


def test_a_draft_by_hand_can_be_deleted_and_its_items_wait_again(shop: Shop) -> None:
    customer = shop.customer()
    item = wait(shop, customer, 300)
    draft = invoice(shop, customer)
    assert shop.client.v1.invoices.delete(draft.id).deleted
    assert shop.client.v1.invoice_items.retrieve(item.id).invoice is None
    assert amounts(invoice(shop, customer)) == [300]
    empty = shop.client.v1.invoices.create({"customer": customer})
    assert (amounts(empty), empty.total) == ([], 0)


def test_an_invoice_for_a_subscription_has_what_waits_for_that_one(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    with pytest.raises(stripe.InvalidRequestError, match="Nothing to invoice"):
        shop.client.v1.invoices.create({"customer": begun.customer, "subscription": begun.id})
    wait(shop, begun.customer, 300, subscription=begun.id)
    wait(shop, begun.customer, 20)
    made: Any = shop.client.v1.invoices.create({"customer": begun.customer, "subscription": begun.id})
    assert (amounts(made), made.parent.subscription_details.subscription) == ([300], begun.id)


def test_an_item_is_priced_by_a_price_a_quantity_and_fractions_of_a_cent(shop: Shop) -> None:
    customer = shop.customer()
    product = shop.client.v1.products.create({"name": "Beans"})
    price = shop.client.v1.prices.create({"currency": "usd", "unit_amount": 250, "product": product.id})
    kinds: Any = [
        {"pricing": {"price": price.id}, "quantity": 3},
        {"price_data": {"currency": "usd", "product": product.id, "unit_amount_decimal": "0.5"}, "quantity": 3},
        {"unit_amount_decimal": "33.3", "quantity": 10, "currency": "usd", "description": "Hours"},
    ]
    made = [shop.client.v1.invoice_items.create(each | {"customer": customer}) for each in kinds]
    # 3 * 2.50; 3 * 0.005 = 0.015, rounded to 0.02; 10 * 0.333.
    assert [(item.amount, item.quantity, item.description) for item in made] == [
        (750, 3, "Beans"),
        (2, 3, "Beans"),
        (333, 10, "Hours"),
    ]


def test_an_item_takes_its_own_discount_unless_it_is_not_discountable(shop: Shop) -> None:
    customer = shop.customer()
    coupons = [shop.client.v1.coupons.create({"percent_off": percent}).id for percent in (50, 10)]
    wait(shop, customer, 1000, discounts=[{"coupon": coupons[0]}])
    wait(shop, customer, 1000, discountable=False)
    draft = invoice(shop, customer, discounts=[{"coupon": coupons[1]}])
    # 10.00 - 5.00 - 0.50, and 10.00.
    assert (draft.subtotal, draft.total) == (1500, 1450)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"amount": 100, "currency": "usd"}, "customer"),
        ({"customer": "cus_none", "amount": 100}, "customer"),
        ({"customer": ..., "quantity": 2}, "amount"),
        ({"customer": ..., "amount": 100, "unit_amount_decimal": "5"}, "amount"),
        ({"customer": ..., "amount": 100, "period": {"start": 2, "end": 1}}, "period"),
        ({"customer": ..., "amount": 100, "invoice": "in_none"}, "invoice"),
        ({"customer": ..., "amount": 100, "subscription": "sub_none"}, "subscription"),
    ],
)
def test_an_item_that_says_too_little_or_too_much_is_refused(shop: Shop, params: Any, param: str) -> None:
    wanted: Any = {name: shop.customer() if value is ... else value for name, value in params.items()}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.client.v1.invoice_items.create(wanted)
    assert refusal.value.param == param


def test_an_invoice_without_a_customer_is_refused(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.client.v1.invoices.create({"currency": "usd"})
    assert refusal.value.param == "customer"


def test_credit_pays_first_and_what_is_left_stays(shop: Shop) -> None:
    customer = shop.customer()
    credit = shop.client.v1.customers.balance_transactions.create(
        customer, {"amount": -1500, "currency": "usd", "description": "Sorry"}
    )
    assert (credit.type, credit.ending_balance) == ("adjustment", -1500)
    first = shop.subscribe(shop.price(1000), customer=customer).latest_invoice
    assert (first.total, first.amount_due, first.status, first.amount_paid) == (1000, 0, "paid", 0)
    assert (first.starting_balance, first.ending_balance) == (-1500, -500)
    assert not shop.client.v1.payment_intents.list({"customer": customer}).data
    second = shop.subscribe(shop.price(800), customer=customer).latest_invoice
    assert (second.total, second.amount_due, second.amount_paid, second.ending_balance) == (800, 300, 300, 0)
    moves = shop.client.v1.customers.balance_transactions.list(customer).data
    assert [(each.type, each.amount, each.invoice) for each in moves] == [
        ("applied_to_invoice", 500, second.id),
        ("applied_to_invoice", 1000, first.id),
        ("adjustment", -1500, None),
    ]
    (kept,) = [each for each in moves if each.id == credit.id]
    assert shop.client.v1.customers.balance_transactions.retrieve(customer, kept.id).description == "Sorry"
    with pytest.raises(stripe.InvalidRequestError, match="in usd"):
        shop.client.v1.customers.balance_transactions.create(customer, {"amount": 5, "currency": "eur"})


def test_less_than_can_be_charged_is_owed_on_the_next_invoice(shop: Shop) -> None:
    customer = shop.customer()
    wait(shop, customer, 49)
    small = shop.client.v1.invoices.finalize_invoice(invoice(shop, customer).id)
    assert (small.total, small.amount_due, small.status, small.ending_balance) == (49, 0, "paid", 49)
    (move,) = shop.client.v1.customers.balance_transactions.list(customer).data
    assert (move.type, move.amount) == ("invoice_too_small", 49)
    wait(shop, customer, 100)
    next_one = shop.client.v1.invoices.finalize_invoice(invoice(shop, customer).id)
    assert (next_one.total, next_one.starting_balance, next_one.amount_due, next_one.ending_balance) == (
        100,
        49,
        149,
        0,
    )


def test_a_negative_invoice_is_credit_and_a_void_one_gives_back_what_it_took(shop: Shop) -> None:
    customer = shop.customer()
    wait(shop, customer, -700)
    negative = shop.client.v1.invoices.finalize_invoice(invoice(shop, customer).id)
    assert (negative.total, negative.amount_due, negative.status, negative.ending_balance) == (-700, 0, "paid", -700)
    wait(shop, customer, 1000)
    open_one = shop.client.v1.invoices.finalize_invoice(invoice(shop, customer).id)
    assert (open_one.amount_due, shop.client.v1.customers.retrieve(customer).balance) == (300, 0)
    shop.client.v1.invoices.void_invoice(open_one.id)
    assert shop.client.v1.customers.retrieve(customer).balance == -700
    moves = shop.client.v1.customers.balance_transactions.list(customer).data
    assert (moves[0].type, moves[0].amount) == ("unapplied_from_invoice", -700)
    assert "customer.updated" in event_types(shop.client, customer)
