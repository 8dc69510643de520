"""An Amazon Pay permission that the customer withdraws in their Amazon account."""

from typing import Any

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.paying import control, pay_by, save_amazon
from tests.sandbox.test_checkout_sessions import event_types
from tests.sandbox.test_payment_intents import attach


@pytest.mark.parametrize(
    ("how", "types"),
    [
        ({}, ["payment_method.attached", "payment_method.detached"]),
        ({"how": "detach"}, ["payment_method.attached", "payment_method.detached"]),
        ({"how": "mandate"}, ["payment_method.attached"]),
    ],
)
def test_a_withdrawn_permission_ends_the_mandate_and_perhaps_the_attachment(
    running: RunningSandbox,
    client: stripe.StripeClient,
    customer: stripe.Customer,
    how: dict[str, str],
    types: list[str],
) -> None:
    method = save_amazon(running, client, customer)
    (intent,) = client.v1.setup_intents.list({"customer": customer.id}).data
    control(running, "permissions/revoke", payment_method=method, **how).raise_for_status()
    assert client.v1.mandates.retrieve(str(intent.mandate)).status == "inactive"
    assert event_types(client, method) == types
    assert event_types(client, str(intent.mandate)) == ["mandate.updated"]


def test_nothing_is_charged_without_the_mandate(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    method = save_amazon(running, client, customer)
    control(running, "permissions/revoke", payment_method=method, how="mandate").raise_for_status()
    with pytest.raises(stripe.CardError) as refusal:
        pay_by(client, customer, method)
    error: Any = refusal.value.error
    assert error.code == "payment_intent_mandate_invalid"
    again = control(running, "permissions/revoke", payment_method=method, how="mandate")
    assert (again.status_code, "no active mandate" in again.json()["error"]) == (400, True)


def test_only_amazons_permissions_are_withdrawn_there(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    answer = control(running, "permissions/revoke", payment_method=attach(client, customer, "pm_card_visa"))
    assert (answer.status_code, "send the id of an amazon_pay method" in answer.json()["error"]) == (400, True)
