"""What a bank warns of before anybody disputes it."""

from typing import Any

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.paying import control, pay
from tests.sandbox.test_checkout_sessions import event_types


@pytest.mark.parametrize("by", ["refund", "dispute"])
def test_a_warning_asks_for_something_until_the_payment_is_given_back_or_disputed(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer, by: str
) -> None:
    intent = pay(client, customer, "pm_card_createIssuerFraudRecord")
    (warning,) = client.v1.radar.early_fraud_warnings.list({"payment_intent": intent.id}).data
    assert (warning.charge, warning.actionable) == (intent.latest_charge, True)
    if by == "refund":
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
        assert client.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable
        client.v1.refunds.create({"payment_intent": intent.id})
    else:
        control(running, "disputes/open", payment_intent=intent.id).raise_for_status()
    settled: Any = client.v1.radar.early_fraud_warnings.retrieve(warning.id, {"expand": ["charge"]})
    assert (settled.actionable, settled.charge.id) == (False, intent.latest_charge)
    kind = "radar.early_fraud_warning"
    assert event_types(client, warning.id) == [f"{kind}.created", f"{kind}.updated"]
