"""Refunds: how much, when it arrives, and what comes back to the balance."""

from typing import Any

import httpx
import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.paying import control, pay, pay_by_amazon
from tests.sandbox.test_checkout_sessions import event_types


def test_a_card_is_refunded_in_parts_up_to_what_was_paid(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    intent = pay(client, customer)
    first: Any = client.v1.refunds.create(
        {"payment_intent": intent.id, "amount": 500, "reason": "requested_by_customer", "metadata": {"why": "late"}}
    )
    assert (first.status, first.amount, first.charge) == ("succeeded", 500, intent.latest_charge)
    assert (first.reason, first.metadata["why"]) == ("requested_by_customer", "late")
    with pytest.raises(stripe.InvalidRequestError, match=r"unrefunded amount on charge \(14\.99 USD\)"):
        client.v1.refunds.create({"charge": intent.latest_charge, "amount": 1500})
    rest = client.v1.refunds.create({"charge": intent.latest_charge})
    charge: Any = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (rest.amount, charge.amount_refunded, charge.refunded) == (1499, 1999, True)
    assert [each.id for each in charge.refunds.data] == [rest.id, first.id]
    assert client.v1.refunds.list({"payment_intent": intent.id}).data == [rest, first]
    with pytest.raises(stripe.InvalidRequestError) as over:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert over.value.code == "charge_already_refunded"
    types = ["refund.created", "charge.refunded"]
    assert event_types(client, intent.latest_charge, first.id, rest.id) == ["charge.succeeded", *types, *types]


def test_the_same_key_refunds_once(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = pay(client, customer)
    params: Any = {"payment_intent": intent.id, "amount": 300}
    refunds = [client.v1.refunds.create(params, {"idempotency_key": intent.id}) for _ in range(2)]
    assert refunds[0].id == refunds[1].id
    assert len(client.v1.refunds.list({"payment_intent": intent.id}).data) == 1


def test_amazon_pay_refunds_later(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    intent = pay_by_amazon(running, client, customer)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    answer = control(running, "refunds/settle", refund=refund.id)
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert event_types(client, refund.id) == ["refund.created", "refund.updated"]
    assert control(running, "refunds/settle", refund=refund.id).status_code == 400


def test_a_failed_refund_comes_back_to_the_balance_and_can_be_tried_again(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    intent = pay_by_amazon(running, client, customer)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 700})
    control(running, "refunds/fail", refund=refund.id, reason="insufficient_funds").raise_for_status()
    failed: Any = client.v1.refunds.retrieve(
        refund.id, {"expand": ["balance_transaction", "failure_balance_transaction", "charge"]}
    )
    assert (failed.status, failed.failure_reason) == ("failed", "insufficient_funds")
    assert (failed.balance_transaction.amount, failed.balance_transaction.type) == (-700, "payment_refund")
    assert (failed.failure_balance_transaction.amount, failed.charge.amount_refunded) == (700, 0)
    assert event_types(client, refund.id) == ["refund.created", "refund.failed"]
    assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 1999


def test_a_refund_can_be_described_and_not_canceled(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    refund = client.v1.refunds.create({"payment_intent": pay(client, customer).id})
    described: Any = client.v1.refunds.update(refund.id, {"metadata": {"ticket": "7"}})
    assert described.metadata["ticket"] == "7"
    with pytest.raises(stripe.InvalidRequestError, match="requires_action; this one is succeeded"):
        client.v1.refunds.cancel(refund.id)


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({}, "parameter_missing", "payment_intent"),
        ({"payment_intent": "{id}", "charge": "{charge}"}, "parameter_missing", "payment_intent"),
        ({"payment_intent": "pi_none"}, "resource_missing", "payment_intent"),
        ({"charge": "ch_none"}, "resource_missing", "charge"),
        ({"charge": "{charge}", "amount": 0}, "parameter_invalid_integer", "amount"),
        ({"charge": "{charge}", "amount": 2000}, None, "amount"),
        ({"charge": "{charge}", "reason": "whim"}, None, "reason"),
    ],
)
def test_a_refund_that_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, params: Any, code: str | None, param: str
) -> None:
    intent = pay(client, customer)
    known = {"{id}": intent.id, "{charge}": intent.latest_charge}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({name: known.get(value, value) for name, value in params.items()})  # type: ignore[arg-type]
    assert (refusal.value.code, refusal.value.param) == (code, param)
    assert client.v1.refunds.list({"payment_intent": intent.id}).data == []


def test_what_was_not_paid_is_not_refunded(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = client.v1.payment_intents.create({"amount": 100, "currency": "usd", "customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        client.v1.refunds.create({"payment_intent": intent.id})


def test_every_movement_of_the_balance_can_be_read(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = pay(client, customer, expand=["latest_charge.balance_transaction"])
    moved = intent.latest_charge.balance_transaction
    assert (moved.amount, moved.fee, moved.net, moved.type) == (1999, 87, 1912, "charge")
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    (back,) = client.v1.balance_transactions.list({"source": refund.id}).data
    paid: Any = client.v1.balance_transactions.retrieve(moved.id, {"expand": ["source.customer"]})
    assert (paid.source.object, paid.source.customer.id) == ("charge", customer.id)
    given: Any = client.v1.balance_transactions.retrieve(back.id, {"expand": ["source.charge"]})
    assert (given.source.id, given.source.charge.id) == (refund.id, intent.latest_charge.id)
    assert (back.id, back.amount, back.fee) == (refund.balance_transaction, -1999, 0)
    assert client.v1.balance_transactions.retrieve(moved.id) == moved


@pytest.mark.parametrize(
    ("control_path", "fields", "told"),
    [
        ("refunds/settle", {}, "`refund` is missing"),
        ("refunds/settle", {"refund": "re_none"}, "`refund` is 're_none', and there is no such refund"),
        ("refunds/fail", {"refund": "{refund}", "reason": "whim"}, "`reason` is 'whim': send one of"),
        ("refunds/settle", {"refund": "{refund}", "when": "now"}, "`when` means nothing here"),
    ],
)
def test_a_control_that_is_misused_says_what_to_send(
    running: RunningSandbox,
    client: stripe.StripeClient,
    customer: stripe.Customer,
    control_path: str,
    fields: dict[str, str],
    told: str,
) -> None:
    refund = client.v1.refunds.create({"payment_intent": pay_by_amazon(running, client, customer).id})
    sent = {name: value.replace("{refund}", refund.id) for name, value in fields.items()}
    answer = control(running, control_path, **sent)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert client.v1.refunds.retrieve(refund.id).status == "pending"


def test_a_control_takes_json_objects_only(running: RunningSandbox) -> None:
    for body in (b"{", b"[]"):
        answer = httpx.post(f"{running.base_url}/_sandbox/refunds/settle", content=body, trust_env=False)
        assert (answer.status_code, "send a JSON object" in answer.json()["error"]) == (400, True)
