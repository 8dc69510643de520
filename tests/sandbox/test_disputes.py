"""Disputes: how they begin, what may be answered, and where the money goes."""

from typing import Any

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.paying import control, pay, pay_by_amazon
from tests.sandbox.test_checkout_sessions import event_types
from tests.sandbox.test_files import upload

DAY = 24 * 3600


def disputed(client: stripe.StripeClient, intent: Any) -> Any:
    (dispute,) = client.v1.disputes.list({"payment_intent": intent.id}).data
    return dispute


@pytest.mark.parametrize(
    ("card", "status", "reason", "taken"),
    [
        ("pm_card_createDispute", "needs_response", "fraudulent", [-1999]),
        ("pm_card_createDisputeProductNotReceived", "needs_response", "product_not_received", [-1999]),
        ("pm_card_createDisputeInquiry", "warning_needs_response", "fraudulent", []),
    ],
)
def test_some_cards_dispute_what_they_paid(
    client: stripe.StripeClient, customer: stripe.Customer, card: str, status: str, reason: str, taken: list[int]
) -> None:
    intent = pay(client, customer, card)
    dispute = disputed(client, intent)
    assert (dispute.status, dispute.reason, dispute.charge) == (status, reason, intent.latest_charge)
    assert [moved.amount for moved in dispute.balance_transactions] == taken
    assert dispute.is_charge_refundable == (not taken)
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.disputed, charge.balance_transaction is not None) == (True, True)
    types = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert event_types(client, dispute.id) == types[: 1 + len(taken)]


@pytest.mark.parametrize(("sort", "fee"), [("chargeback", 1500), ("claim", 0)])
def test_an_amazon_pay_customer_disputes_and_the_merchant_has_ten_days(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer, sort: str, fee: int
) -> None:
    intent = pay_by_amazon(running, client, customer)
    control(running, "disputes/open", payment_intent=intent.id, sort=sort, reason="general").raise_for_status()
    dispute = disputed(client, intent)
    assert dispute.payment_method_details.amazon_pay.dispute_type == sort
    assert dispute.evidence_details.due_by == dispute.created + 10 * DAY
    assert [moved.fee for moved in dispute.balance_transactions] == [fee]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert refusal.value.code == "charge_disputed"


def test_evidence_is_staged_and_then_submitted(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    dispute = disputed(client, pay(client, customer, "pm_card_createDispute"))
    file = upload(client)
    staged: Any = client.v1.disputes.update(
        dispute.id,
        {
            "evidence": {"customer_signature": file.id, "customer_name": "Ada"},
            "metadata": {"case": "7"},
            "submit": False,
        },
    )
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)
    assert staged.evidence_details.submission_count == 0
    sent: Any = client.v1.disputes.update(
        dispute.id, {"evidence": {"service_date": "1 May"}, "expand": ["evidence.customer_signature", "charge"]}
    )
    assert (sent.status, sent.evidence.customer_name, sent.evidence.service_date) == ("under_review", "Ada", "1 May")
    assert (sent.evidence.customer_signature.id, sent.charge.disputed) == (file.id, True)
    assert (sent.evidence_details.submission_count, sent.evidence_details.submission_method) == (1, "manual")
    with pytest.raises(stripe.InvalidRequestError, match="submitted already"):
        client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Eve"}})
    assert event_types(client, dispute.id)[2:] == ["charge.dispute.updated"] * 2


def test_what_was_staged_can_be_submitted_alone(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    dispute = disputed(client, pay(client, customer, "pm_card_createDispute"))
    client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": False})
    assert client.v1.disputes.update(dispute.id, {"metadata": {"case": "7"}}).status == "needs_response"
    cleared: Any = client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": ""}, "submit": False})
    assert (cleared.evidence.customer_name, cleared.evidence_details.has_evidence) == (None, False)
    assert client.v1.disputes.update(dispute.id, {"submit": True}).status == "under_review"


@pytest.mark.parametrize(
    ("text", "status", "taken", "events"),
    [
        ("winning_evidence", "won", [-1999, 1999], ["charge.dispute.closed", "charge.dispute.funds_reinstated"]),
        ("losing_evidence", "lost", [-1999], ["charge.dispute.closed"]),
    ],
)
def test_the_words_of_the_evidence_decide(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    text: str,
    status: str,
    taken: list[int],
    events: list[str],
) -> None:
    dispute = disputed(client, pay(client, customer, "pm_card_createDispute"))
    answer = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": text}})
    assert answer.status == "under_review"
    decided = client.v1.disputes.retrieve(dispute.id)
    assert (decided.status, [each.amount for each in decided.balance_transactions]) == (status, taken)
    assert event_types(client, dispute.id)[2:] == ["charge.dispute.updated", *events]
    assert sum(moved.fee for moved in decided.balance_transactions) == (0 if status == "won" else 1500)


@pytest.mark.parametrize(("how", "status"), [("win", "won"), ("lose", "lost")])
def test_a_control_decides(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer, how: str, status: str
) -> None:
    dispute = disputed(client, pay(client, customer, "pm_card_createDispute"))
    assert control(running, f"disputes/{how}", dispute=dispute.id).json()["status"] == status
    again = control(running, f"disputes/{how}", dispute=dispute.id)
    assert (again.status_code, "already closed" in again.json()["error"]) == (400, True)


def test_giving_in_loses_and_an_inquiry_only_ends(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    dispute = disputed(client, pay(client, customer, "pm_card_createDispute"))
    assert client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(dispute.id)
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})
    inquiry = disputed(client, pay(client, customer, "pm_card_createDisputeInquiry"))
    assert client.v1.refunds.create({"charge": inquiry.charge}).status == "succeeded"
    assert client.v1.disputes.close(inquiry.id).status == "warning_closed"


@pytest.mark.parametrize(
    ("evidence", "param", "told"),
    [
        ({"receipt": "file_none"}, "evidence[receipt]", "No such file"),
        ({"receipt": "{logo}"}, "evidence[receipt]", "purpose=dispute_evidence"),
        ({"product_description": "a" * 20_001}, "evidence[product_description]", "20000"),
        ({"shipping_address": "a" * 150_001}, "evidence", "150000 characters together"),
        ({"customer_phone": "1"}, "evidence[customer_phone]", "unknown parameter"),
        (
            {
                "enhanced_evidence": {
                    "visa_compelling_evidence_3": {"disputed_transaction": {"customer_device_id": "short"}}
                }
            },
            "evidence[enhanced_evidence][visa_compelling_evidence_3]",
            "15 characters",
        ),
    ],
)
def test_evidence_that_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, evidence: Any, param: str, told: str
) -> None:
    dispute = disputed(client, pay(client, customer, "pm_card_createDispute"))
    if evidence.get("receipt") == "{logo}":
        png = b"\x89PNG\r\n\x1a\n" + b"0" * 8
        evidence = {"receipt": upload(client, png, "logo.png", purpose="business_logo").id}
    with pytest.raises(stripe.InvalidRequestError, match=told) as refusal:
        client.v1.disputes.update(dispute.id, {"evidence": evidence})
    assert refusal.value.param == param
    assert client.v1.disputes.retrieve(dispute.id).status == "needs_response"


def test_visas_compelling_evidence_is_kept(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    dispute = disputed(client, pay(client, customer, "pm_card_createDispute"))
    device = "device-0123456789"
    updated: Any = client.v1.disputes.update(
        dispute.id,
        {
            "evidence": {
                "enhanced_evidence": {
                    "visa_compelling_evidence_3": {"disputed_transaction": {"customer_device_id": device}}
                }
            },
            "submit": False,
        },
    )
    kept = updated.evidence.enhanced_evidence.visa_compelling_evidence_3
    assert (kept.disputed_transaction.customer_device_id, kept.prior_undisputed_transactions) == (device, [])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "`charge` is missing"),
        ({"charge": "{charge}", "sort": "claim"}, "There is no claim for card"),
        ({"charge": "{charge}", "sort": "whim"}, "`sort` is 'whim': send one of chargeback, claim, inquiry"),
        ({"charge": "{charge}", "amount": 2000}, "`amount` must be from 1 to the charge's 1999"),
        ({"charge": "{charge}", "amount": "much"}, "`amount` must be a whole number"),
        ({"payment_intent": "{unpaid}"}, "`payment_intent` has no charge yet"),
    ],
)
def test_a_dispute_that_no_customer_could_open_is_refused(
    running: RunningSandbox,
    client: stripe.StripeClient,
    customer: stripe.Customer,
    fields: dict[str, Any],
    told: str,
) -> None:
    unpaid = client.v1.payment_intents.create({"amount": 100, "currency": "usd"}).id
    known = {"{charge}": pay(client, customer).latest_charge, "{unpaid}": unpaid}
    answer = control(running, "disputes/open", **{name: known.get(value, value) for name, value in fields.items()})
    assert answer.status_code == 400
    assert told in answer.json()["error"]
