"""Payments that are authorized first and captured later."""

from typing import Any

import pytest
import stripe

from tests.sandbox.paying import pay
from tests.sandbox.test_checkout_sessions import event_types


def test_an_authorization_is_captured_in_part_and_the_rest_released(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    intent = pay(client, customer, capture_method="manual")
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1999, 0)
    charge: Any = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.captured, charge.balance_transaction) == (False, None)
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError, match="from 1 to 1999"):
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 2000})
    captured: Any = client.v1.payment_intents.capture(
        intent.id, {"amount_to_capture": 1500, "expand": ["latest_charge.balance_transaction"]}
    )
    assert (captured.status, captured.amount_received, captured.amount_capturable) == ("succeeded", 1500, 0)
    assert captured.latest_charge.balance_transaction.amount == 1500
    assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 1500
    assert event_types(client, intent.id) == [
        "payment_intent.created",
        "payment_intent.amount_capturable_updated",
        "payment_intent.succeeded",
    ]


def test_a_canceled_authorization_takes_nothing(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = pay(client, customer, capture_method="manual")
    canceled: Any = client.v1.payment_intents.cancel(intent.id, {"expand": ["latest_charge"]})
    assert (canceled.status, canceled.amount_capturable) == ("canceled", 0)
    assert (canceled.latest_charge.refunded, canceled.latest_charge.amount_captured) == (True, 0)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(intent.id)
    assert refusal.value.code == "payment_intent_unexpected_state"
