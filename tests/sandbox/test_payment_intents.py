from typing import Any

import pytest
import stripe

from tests.sandbox.test_checkout_sessions import event_types


def charge(client: stripe.StripeClient, owner: str, method: str, **changes: Any) -> Any:
    params: Any = {
        "amount": 1999,
        "currency": "usd",
        "customer": owner,
        "payment_method": method,
        "confirm": True,
        "off_session": True,
        **changes,
    }
    return client.v1.payment_intents.create(params)


def attach(client: stripe.StripeClient, customer: stripe.Customer, token: str) -> str:
    return client.v1.payment_methods.attach(token, {"customer": customer.id}).id


def test_a_saved_card_is_charged_while_nobody_is_there(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = charge(client, customer.id, attach(client, customer, "pm_card_visa"), expand=["latest_charge"])
    assert (intent.status, intent.amount_received) == ("succeeded", 1999)
    assert (intent.latest_charge.paid, intent.latest_charge.payment_method_details.card.last4) == (True, "4242")
    assert event_types(client, intent.id, intent.latest_charge.id) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
        ("pm_card_authenticationRequiredOnSetup", "authentication_required", "authentication_required"),
    ],
)
def test_a_refused_charge_is_a_402_with_the_intent_inside(
    client: stripe.StripeClient, customer: stripe.Customer, token: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        charge(client, customer.id, attach(client, customer, token))

    error: Any = refusal.value.error
    assert (error.code, error.decline_code) == (code, decline_code)
    intent: Any = client.v1.payment_intents.retrieve(error.payment_intent.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert (intent.last_payment_error.code, intent.latest_charge) == (code, error.charge)
    assert event_types(client, intent.id)[-1] == "payment_intent.payment_failed"
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as final:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert final.value.code == "payment_intent_unexpected_state"


def test_a_customer_who_is_there_is_asked_instead(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    method = attach(client, customer, "pm_card_authenticationRequired")
    intent = charge(client, customer.id, method, off_session=False, return_url="https://shop.example")
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    with pytest.raises(stripe.CardError):
        charge(client, customer.id, method, off_session=False, error_on_requires_action=True)


def test_an_intent_can_be_made_first_and_confirmed_later(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    intent = client.v1.payment_intents.create({"amount": 100, "currency": "usd", "customer": customer.id})
    assert intent.status == "requires_payment_method"
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.payment_intents.confirm(intent.id)
    intent = client.v1.payment_intents.update(intent.id, {"amount": 200, "metadata": {"order": "1"}})
    done = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_mastercard"})
    assert (done.status, done.amount_received) == ("succeeded", 200)


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", "payment_method_types"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"payment_method": "pm_none"}, "resource_missing", "payment_method"),
        ({"confirm": False}, None, "off_session"),
        ({"statement_descriptor": "COFFEE"}, None, "statement_descriptor"),
        ({"mandate": "mandate_none"}, "resource_missing", "mandate"),
        (
            {"allowed_payment_method_types": ["amazon_pay"]},
            "payment_intent_incompatible_payment_method",
            "payment_method",
        ),
    ],
)
def test_a_payment_that_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, changes: Any, code: str | None, param: str
) -> None:
    method = attach(client, customer, "pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        charge(client, customer.id, method, **changes)
    assert (refusal.value.code, refusal.value.param) == (code, param)
    assert client.v1.payment_intents.list({"customer": customer.id}).data == []


def test_a_detached_or_foreign_method_is_not_charged(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    other = client.v1.customers.create({})
    foreign = attach(client, other, "pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError, match="belongs to a customer"):
        charge(client, customer.id, foreign)
    client.v1.payment_methods.detach(foreign)
    with pytest.raises(stripe.InvalidRequestError, match="detached"):
        charge(client, other.id, foreign)


def test_a_method_can_be_described_but_not_detached_twice(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    method = attach(client, customer, "pm_card_amex")
    updated = client.v1.payment_methods.update(
        method, {"metadata": {"a": "1"}, "billing_details": {"name": "Ada"}, "card": {"exp_year": 2040}}
    )
    assert updated.card is not None
    assert (updated.billing_details.name, updated.card.exp_year, updated.card.brand) == ("Ada", 2040, "amex")
    assert client.v1.customers.payment_methods.retrieve(customer.id, method).id == method
    client.v1.payment_methods.detach(method)
    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod"):
        client.v1.customers.payment_methods.retrieve(customer.id, method)
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        client.v1.payment_methods.detach(method)
