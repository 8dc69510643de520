"""The check of the recorded exchanges, checked. The exchanges of all tests here are checked when the sandbox stops."""

import json
from pathlib import Path

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.test_checkout_sessions import open_session
from tests.stripe_contract import SHARED, in_events, violations


def test_a_journey_keeps_to_stripes_contract_and_the_check_would_notice(tmp_path: Path) -> None:
    record = tmp_path / "exchanges.jsonl"
    with RunningSandbox(tmp_path, record=record) as sandbox:
        client = sandbox.client()
        journey(sandbox, client)
    exchanges = [json.loads(line) for line in record.read_text().splitlines()]
    assert [exchange["status"] for exchange in exchanges if exchange["status"] != 200] == [402]

    assert violations(record, tmp_path) == ""

    exchanges[0]["response"]["email"] = 5
    record.write_text("\n".join(map(json.dumps, exchanges)))
    assert ("email" in violations(record, tmp_path)) == SHARED.exists()


def journey(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"})
    session = open_session(client, customer)
    sandbox.fail_amazon_pay(session.id)
    sandbox.authorize_amazon_pay(session.id)
    (method,) = client.v1.customers.payment_methods.list(customer.id)
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "year"}, "product_data": {"name": "Tea"}}
    )
    client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method.id}
    )
    bad = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(
            {
                "amount": 100,
                "currency": "usd",
                "customer": customer.id,
                "payment_method": bad.id,
                "confirm": True,
                "off_session": True,
            }
        )
    client.v1.events.list({"limit": 100})
    client.v1.setup_intents.retrieve(session.setup_intent, {"expand": ["latest_attempt", "mandate", "payment_method"]})
    client.v1.setup_attempts.list({"setup_intent": session.setup_intent})
    client.v1.charges.list()
    client.v1.invoices.list({"expand": ["data.payments"]})
    client.v1.accounts.retrieve_current()


def test_the_objects_in_events_are_held_to_the_contract_too(tmp_path: Path) -> None:
    refund = {"id": "re_1", "object": "refund"}
    events = [{"id": f"evt_{number}", "data": {"object": refund}} for number in (1, 1, 2)]
    exchange = {"method": "GET", "path": "/v1/events", "params": [], "status": 200, "response": {"data": events}}
    found = [json.loads(line) for line in in_events([json.dumps(exchange)], {"/v1/refunds/{refund}", "/v1/refunds"})]
    assert [(each["path"], each["response"]) for each in found] == [("/v1/refunds/re_1", refund)] * 2

    record = tmp_path / "exchanges.jsonl"
    record.write_text(json.dumps(exchange))
    assert ("GET /v1/refunds/re_1: resp-missing" in violations(record, tmp_path)) == SHARED.exists()
