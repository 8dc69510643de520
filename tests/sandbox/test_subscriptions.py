from typing import Any

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.test_checkout_sessions import event_types, open_session


@pytest.fixture(scope="module")
def price(client: stripe.StripeClient) -> stripe.Price:
    return client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1250,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Coffee"},
        }
    )


@pytest.fixture
def card(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.PaymentMethod:
    return client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})


def subscribe(client: stripe.StripeClient, owner: str, price: stripe.Price, method: str | None, **changes: Any) -> Any:
    params: Any = {
        "customer": owner,
        "items": [{"price": price.id, "quantity": 2}],
        "default_payment_method": method,
        "payment_behavior": "default_incomplete",
        "expand": ["latest_invoice.payments", "latest_invoice.confirmation_secret"],
        **changes,
    }
    wanted: Any = {name: value for name, value in params.items() if value is not None}
    return client.v1.subscriptions.create(wanted)


def test_paying_the_first_invoice_makes_a_subscription_active(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price, card: stripe.PaymentMethod
) -> None:
    begun = subscribe(client, customer.id, price, card.id)
    invoice = begun.latest_invoice
    assert (begun.status, invoice.status, invoice.amount_due) == ("incomplete", "open", 2500)
    (payment,) = invoice.payments.data
    assert (payment.status, payment.is_default) == ("open", True)
    assert invoice.confirmation_secret.client_secret.startswith(payment.payment.payment_intent)

    paid: Any = client.v1.invoices.pay(
        invoice.id,
        {"payment_method": card.id, "off_session": True, "expand": ["payments.data.payment.payment_intent"]},
    )

    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 2500, 0)
    intent = paid.payments.data[0].payment.payment_intent
    assert (intent.status, intent.customer, intent.amount_received) == ("succeeded", customer.id, 2500)
    assert client.v1.subscriptions.retrieve(begun.id).status == "active"
    assert event_types(client, begun.id, invoice.id, payment.id, intent.id, intent.latest_charge) == [
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
    ]
    (used,) = client.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent.id}})
    assert used.invoice == invoice.id


def test_an_amazon_pay_account_saved_at_checkout_pays_a_subscription(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price
) -> None:
    running.authorize_amazon_pay(open_session(client, customer).id)
    (method,) = client.v1.payment_methods.list({"customer": customer.id, "type": "amazon_pay"}).data

    begun = subscribe(client, customer.id, price, method.id, payment_behavior="error_if_incomplete", off_session=True)

    assert begun.status == "active"
    (charge,) = client.v1.charges.list({"customer": customer.id}).data
    details: Any = charge.payment_method_details
    assert (details.type, details.amazon_pay.funding.card.last4) == ("amazon_pay", "1111")


def test_a_declined_first_payment_leaves_nothing_active_and_can_be_taken_back(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price
) -> None:
    card = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    begun = subscribe(client, customer.id, price, card.id)

    with pytest.raises(stripe.CardError) as refusal:
        client.v1.invoices.pay(begun.latest_invoice.id, {"payment_method": card.id})

    error: Any = refusal.value.error
    assert (error.code, error.decline_code) == ("card_declined", "generic_decline")
    assert (error.payment_intent.status, error.payment_method.id) == ("requires_payment_method", card.id)
    assert client.v1.subscriptions.retrieve(begun.id).status == "incomplete"
    assert client.v1.subscriptions.cancel(begun.id).status == "canceled"
    void: Any = client.v1.invoices.void_invoice(begun.latest_invoice.id, {"expand": ["payments"]})
    assert (void.status, void.payments.data[0].status) == ("void", "canceled")
    intent = client.v1.payment_intents.retrieve(error.payment_intent.id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "void_invoice")
    with pytest.raises(stripe.InvalidRequestError, match="can no longer be paid"):
        client.v1.invoices.pay(void.id)
    with pytest.raises(stripe.InvalidRequestError) as gone:
        client.v1.subscriptions.cancel(begun.id)
    assert gone.value.code == "resource_missing"


def test_a_bank_that_wants_to_see_the_customer_leaves_the_payment_waiting_for_them(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price, card: stripe.PaymentMethod
) -> None:
    method = client.v1.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer.id})
    begun = subscribe(client, customer.id, price, method.id)

    with pytest.raises(stripe.CardError) as refusal:
        client.v1.invoices.pay(begun.latest_invoice.id, {"off_session": True})

    error: Any = refusal.value.error
    assert error.code == "invoice_payment_intent_requires_action"
    assert error.payment_intent.status == "requires_action"
    assert "invoice.payment_action_required" in event_types(client, begun.latest_invoice.id)
    client.v1.payment_intents.confirm(error.payment_intent.id, {"payment_method": card.id})
    assert client.v1.subscriptions.retrieve(begun.id).status == "active"


def test_each_payment_behavior_ends_as_stripe_has_it(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price
) -> None:
    bad = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})

    assert subscribe(client, customer.id, price, bad.id, payment_behavior="allow_incomplete").status == "incomplete"
    with pytest.raises(stripe.CardError):
        subscribe(client, customer.id, price, bad.id, payment_behavior="error_if_incomplete")
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        subscribe(client, customer.id, price, None, payment_behavior="allow_incomplete")
    assert subscribe(client, customer.id, price, None).status == "incomplete"
    assert len(client.v1.subscriptions.list({"customer": customer.id}).data) == 2


def test_a_trial_starts_without_money(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price
) -> None:
    trial = subscribe(client, customer.id, price, None, trial_period_days=7)
    assert (trial.status, trial.latest_invoice.status, trial.latest_invoice.total) == ("trialing", "paid", 0)
    assert trial["items"].data[0].current_period_end == trial.trial_end == trial.created + 7 * 86400
    preview = client.v1.invoices.create_preview({"subscription": trial.id})
    assert (preview.total, preview.lines.data[0].period.start) == (2500, trial.trial_end)


def test_the_next_invoice_can_be_seen_before_it_is_made(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price, card: stripe.PaymentMethod
) -> None:
    begun = subscribe(client, customer.id, price, card.id)
    (item,) = begun["items"].data
    preview = client.v1.invoices.create_preview({"subscription": begun.id})
    assert (preview.total, preview.currency, preview.status) == (2500, "usd", "draft")
    assert preview.lines.data[0].period.start == item.current_period_end
    client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.invoices.create_preview({"subscription": begun.id})
    assert (refusal.value.http_status, refusal.value.code) == (404, "invoice_upcoming_none")


def test_an_end_can_be_set_and_taken_back(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price, card: stripe.PaymentMethod
) -> None:
    begun = subscribe(client, customer.id, price, card.id, payment_behavior="allow_incomplete")
    ending = client.v1.subscriptions.update(
        begun.id, {"cancel_at_period_end": True, "cancellation_details": {"comment": "moving"}}
    )
    details: Any = ending.cancellation_details
    assert ending.cancel_at == begun["items"].data[0].current_period_end
    assert (details.reason, details.comment) == ("cancellation_requested", "moving")
    staying = client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": False})
    assert (staying.cancel_at, staying.canceled_at, staying.status) == (None, None, "active")
    paused = client.v1.subscriptions.update(begun.id, {"pause_collection": {"behavior": "keep_as_draft"}})
    assert paused.pause_collection is not None
    assert client.v1.subscriptions.update(begun.id, {"pause_collection": ""}).pause_collection is None
    ended = client.v1.subscriptions.cancel(begun.id)
    assert (ended.status, ended.ended_at is None) == ("canceled", False)
    with pytest.raises(stripe.InvalidRequestError, match="can only update"):
        client.v1.subscriptions.update(begun.id, {"description": "x"})
    listed = client.v1.subscriptions.list({"customer": customer.id})
    every = client.v1.subscriptions.list({"customer": customer.id, "status": "all"})
    assert (len(listed.data), len(every.data)) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"items": [{"price": "price_none"}]}, "items[0][price]"),
        ({"items": [{"quantity": 1}]}, "items[0][price]"),
        ({"default_payment_method": "pm_none"}, "default_payment_method"),
        ({"coupon": "HALF"}, "coupon"),
        ({"discounts": [{"coupon": "HALF"}]}, "discounts[0][coupon]"),
        ({"trial_period_days": 7, "trial_end": 99999999999}, "trial_period_days"),
        ({"automatic_tax": {"enabled": True}}, "automatic_tax[enabled]"),
        ({"payment_behavior": "pending_if_incomplete"}, "payment_behavior"),
        ({"expand": ["latest_invoice.payments.data.payment.payment_intent"]}, None),
    ],
)
def test_a_subscription_that_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price, changes: Any, param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        subscribe(client, customer.id, price, None, **changes)
    assert refusal.value.param == param
    assert client.v1.subscriptions.list({"customer": customer.id}).data == []


def test_a_method_of_somebody_else_pays_nothing(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price
) -> None:
    other = client.v1.customers.create({})
    foreign = client.v1.payment_methods.attach("pm_card_visa", {"customer": other.id})
    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        subscribe(client, customer.id, price, foreign.id)
    begun = subscribe(client, customer.id, price, None)
    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        client.v1.invoices.pay(begun.latest_invoice.id, {"payment_method": foreign.id})


def test_an_open_invoice_can_be_written_off_and_still_be_paid(
    client: stripe.StripeClient, customer: stripe.Customer, price: stripe.Price, card: stripe.PaymentMethod
) -> None:
    begun = subscribe(client, customer.id, price, card.id)
    invoice = client.v1.invoices.mark_uncollectible(begun.latest_invoice.id)
    assert invoice.status == "uncollectible"
    assert client.v1.invoices.pay(invoice.id).status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        client.v1.invoices.pay(invoice.id)
    with pytest.raises(stripe.InvalidRequestError, match="already finalized"):
        client.v1.invoices.finalize_invoice(invoice.id)
    with pytest.raises(stripe.InvalidRequestError, match="draft"):
        client.v1.invoices.delete(invoice.id)
