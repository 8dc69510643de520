"""Payments that fail because a control says so."""

from typing import Any

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.paying import control, pay, pay_by, pay_by_amazon
from tests.sandbox.test_payment_intents import attach


def test_the_next_payments_of_a_customer_fail_and_the_ones_after_succeed(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    method = attach(client, customer, "pm_card_visa")
    other = client.v1.customers.create()
    answer = control(running, "payments/fail_next", customer=customer.id, decline_code="insufficient_funds", times=2)
    assert (answer.status_code, answer.json()["times"]) == (200, 2)
    assert pay(client, other).status == "succeeded"
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refusal:
            pay_by(client, customer, method)
        error: Any = refusal.value.error
        assert (error.code, error.decline_code) == ("card_declined", "insufficient_funds")
    assert pay_by(client, customer, method).status == "succeeded"


def test_only_one_method_fails(running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer) -> None:
    bad, good = (attach(client, customer, "pm_card_visa") for _ in range(2))
    control(running, "payments/fail_next", payment_method=bad).raise_for_status()
    assert pay_by(client, customer, good).status == "succeeded"
    with pytest.raises(stripe.CardError):
        pay_by(client, customer, bad)


def test_amazon_pay_declines_in_its_own_words(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    control(running, "payments/fail_next", customer=customer.id).raise_for_status()
    with pytest.raises(stripe.CardError) as refusal:
        pay_by_amazon(running, client, customer)
    error: Any = refusal.value.error
    assert error.code == "payment_method_provider_decline"
    assert error.decline_code is None
    assert error.payment_intent.last_payment_error.code == "payment_method_provider_decline"


def test_a_plan_can_be_dropped(running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer) -> None:
    control(running, "payments/fail_next", customer=customer.id, times=5).raise_for_status()
    assert control(running, "payments/fail_no_more").json() == {"planned": []}
    assert pay(client, customer).status == "succeeded"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"customer": "cus_none"}, "`customer` is 'cus_none', and there is no such customer"),
        ({"decline_code": "whim"}, "`decline_code` is 'whim': send one of generic_decline"),
        ({"times": 0}, "`times` must be a whole number from 1 to 1000"),
        ({"times": True}, "`times` must be a whole number from 1 to 1000"),
        ({"customer": 5}, "`customer` must be a text"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(running: RunningSandbox, fields: dict[str, Any], told: str) -> None:
    answer = control(running, "payments/fail_next", **fields)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
