"""What happens because time passes, on a clock that the tests move."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import hosted
from sandbox.database import Database
from sandbox.engine import running
from sandbox.errors import ResourceMissing
from sandbox.settings import Billing
from tests.sandbox.bench import HOUR, Bench, second


async def test_a_session_expires_when_its_time_is_over(bench: Bench) -> None:
    session = await bench.post("/v1/checkout/sessions", mode="setup", currency="usd", success_url="https://a.example")
    bench.pass_time(24 * HOUR - 60)
    assert (await bench.get(f"/v1/checkout/sessions/{session['id']}"))["status"] == "open"

    bench.pass_time(120)

    expired = await bench.get(f"/v1/checkout/sessions/{session['id']}", **{"expand[]": "setup_intent"})
    assert (expired["status"], expired["url"], expired["setup_intent"]["status"]) == ("expired", None, "canceled")
    assert expired["setup_intent"]["cancellation_reason"] == "abandoned"
    assert await bench.events() == ["setup_intent.created", "checkout.session.expired", "setup_intent.canceled"]


async def test_a_subscription_that_nobody_pays_expires_after_23_hours(bench: Bench) -> None:
    begun = await bench.subscribe(payment_behavior="default_incomplete")
    bench.pass_time(23 * HOUR - 60)
    assert (await bench.get(f"/v1/subscriptions/{begun['id']}"))["status"] == "incomplete"

    bench.pass_time(120)

    expired = await bench.get(f"/v1/subscriptions/{begun['id']}", **{"expand[]": "latest_invoice"})
    assert (expired["status"], expired["latest_invoice"]["status"]) == ("incomplete_expired", "void")
    (payment,) = (await bench.get("/v1/invoice_payments", invoice=expired["latest_invoice"]["id"]))["data"]
    intent = await bench.get(f"/v1/payment_intents/{payment['payment']['payment_intent']}")
    assert (payment["status"], intent["status"]) == ("canceled", "canceled")
    assert (await bench.events())[-4:] == [
        "invoice.updated",
        "invoice.voided",
        "payment_intent.canceled",
        "customer.subscription.updated",
    ]
    bench.pass_time(24 * HOUR)
    assert (await bench.events())[-1] == "customer.subscription.updated"


async def test_a_subscription_ends_at_the_time_that_was_set(bench: Bench) -> None:
    begun = await bench.subscribe()
    assert begun["status"] == "active"
    await bench.post(f"/v1/subscriptions/{begun['id']}", cancel_at_period_end="true")

    bench.pass_time(32 * 24 * HOUR)

    ended = await bench.get(f"/v1/subscriptions/{begun['id']}")
    assert (ended["status"], ended["cancellation_details"]["reason"]) == ("canceled", "cancellation_requested")
    assert (await bench.events())[-1] == "customer.subscription.deleted"


async def test_a_key_is_forgotten_after_a_day(bench: Bench) -> None:
    async def create() -> Any:
        answer = await bench.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
        return answer.json()["id"]

    first = await create()
    bench.pass_time(23 * HOUR)
    assert await create() == first
    bench.pass_time(2 * HOUR)
    assert await create() != first


async def test_an_invoice_can_be_read_as_a_page_and_as_a_pdf(bench: Bench) -> None:
    begun = await bench.subscribe()
    invoice = await bench.get(f"/v1/invoices/{begun['latest_invoice']}")
    page, pdf = [await bench.http.get(invoice[name]) for name in ("hosted_invoice_url", "invoice_pdf")]
    assert (page.status_code, invoice["number"] in page.text) == (200, True)
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert (await bench.http.get("/i/in_none/pdf")).status_code == 404


async def test_a_defect_is_a_500_that_the_same_key_repeats(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.sandbox.database._connection.execute("DROP TABLE deliveries")
    key = {"Idempotency-Key": "k"}
    customer = await bench.http.post("/v1/webhook_endpoints", data={"url": "http://a.example", "enabled_events[]": "*"})
    assert customer.status_code == 200
    answers = [await bench.http.post("/v1/customers", headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert answers[0].json()["error"]["type"] == "api_error"
    assert "POST /v1/customers failed" in caplog.text
    assert (await bench.get("/v1/customers"))["data"] == []


async def pay_card(bench: Bench, token: str) -> Any:
    customer = await bench.post("/v1/customers")
    method = await bench.post(f"/v1/payment_methods/{token}/attach", customer=customer["id"])
    return await bench.post(
        "/v1/payment_intents",
        amount=1999,
        currency="usd",
        customer=customer["id"],
        payment_method=method["id"],
        confirm="true",
    )


@pytest.mark.parametrize(
    ("token", "first", "last"),
    [("pm_card_pendingRefund", "pending", "succeeded"), ("pm_card_refundFail", "succeeded", "failed")],
)
async def test_an_asynchronous_refund_ends_after_a_day(bench: Bench, token: str, first: str, last: str) -> None:
    intent = await pay_card(bench, token)
    refund = await bench.post("/v1/refunds", payment_intent=intent["id"])
    assert refund["status"] == first
    bench.pass_time(23 * HOUR)
    assert (await bench.get(f"/v1/refunds/{refund['id']}"))["status"] == first

    bench.pass_time(2 * HOUR)
    bench.pass_time(48 * HOUR)

    assert (await bench.get(f"/v1/refunds/{refund['id']}"))["status"] == last
    assert (await bench.events())[-1] in ("refund.updated", "refund.failed")


async def test_amazon_pay_refunds_for_ninety_days(bench: Bench) -> None:
    customer = await bench.post("/v1/customers")
    session = await bench.post(
        "/v1/checkout/sessions", mode="setup", currency="usd", customer=customer["id"], success_url="https://a.example"
    )
    hosted.start_amazon_pay(bench.sandbox, session["id"])
    hosted.finish_amazon_pay(bench.sandbox, session["setup_intent"], authorize=True)
    methods = await bench.get("/v1/payment_methods", customer=customer["id"])
    intent = await bench.post(
        "/v1/payment_intents",
        amount=1999,
        currency="usd",
        customer=customer["id"],
        payment_method=methods["data"][0]["id"],
        confirm="true",
    )
    bench.pass_time(90 * 24 * HOUR - 60)
    assert (await bench.post("/v1/refunds", payment_intent=intent["id"], amount=500))["status"] == "pending"
    bench.pass_time(120)
    refused = await bench.post("/v1/refunds", payment_intent=intent["id"])
    assert refused["error"]["code"] == "charge_not_refundable"
    assert "90 days" in refused["error"]["message"]


@pytest.mark.parametrize(
    ("token", "status"), [("pm_card_createDispute", "lost"), ("pm_card_createDisputeInquiry", "warning_closed")]
)
async def test_a_dispute_that_nobody_answers_is_over_in_time(bench: Bench, token: str, status: str) -> None:
    intent = await pay_card(bench, token)
    bench.pass_time(9 * 24 * HOUR - 60)
    (dispute,) = (await bench.get("/v1/disputes", payment_intent=intent["id"]))["data"]
    assert dispute["status"].endswith("needs_response")

    bench.pass_time(120)

    over = await bench.get(f"/v1/disputes/{dispute['id']}")
    assert (over["status"], over["evidence_details"]["past_due"]) == (status, True)
    assert (await bench.events())[-2:] == ["charge.dispute.updated", "charge.dispute.closed"]


async def test_nothing_of_a_deleted_customer_is_collected(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.pass_to(begun["items"]["data"][0]["current_period_end"])
    manual = await bench.post("/v1/invoices", customer=begun["customer"], auto_advance="true")
    await bench.delete(f"/v1/customers/{begun['customer']}")
    bench.pass_time(40 * 24 * HOUR)
    for id in (manual["id"], (await bench.last_invoice(begun["id"]))["id"]):
        invoice = await bench.get(f"/v1/invoices/{id}")
        assert (invoice["status"], invoice["auto_advance"]) == ("draft", False)


async def test_what_cannot_be_done_is_reported_once_and_keeps_nothing_else_waiting(bench: Bench) -> None:
    broken, sound = await bench.subscribe(), await bench.subscribe()
    bench.sandbox.database._connection.execute("DELETE FROM objects WHERE id = ?", (broken["customer"],))
    with pytest.raises(ResourceMissing, match=broken["customer"]):
        bench.pass_time(40 * 24 * HOUR)
    bench.pass_time(40 * 24 * HOUR)
    assert (await bench.last_invoice(sound["id"]))["status"] == "paid"


async def test_a_file_of_an_earlier_version_is_looked_at_once(bench: Bench) -> None:
    begun = await bench.subscribe()
    for statement in ("DROP INDEX objects_due", "ALTER TABLE objects DROP COLUMN due", "DROP INDEX deliveries_awaited"):
        bench.sandbox.database._connection.execute(statement)
    for table, column in (("objects", "clock"), ("deliveries", "draft")):
        bench.sandbox.database._connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    bench.sandbox.database.close()

    bench.sandbox.database = Database(bench.sandbox.settings.database)
    bench.pass_time(40 * 24 * HOUR)
    assert (await bench.last_invoice(begun["id"]))["status"] == "paid"


async def life(bench: Bench, step: int) -> Any:
    """What becomes of a subscription that is not paid, when time passes in steps of so many seconds."""
    bench.start_at("2027-01-31T10:00")
    begun = await bench.subscribe()
    failing = await bench.card(begun["customer"], "pm_card_chargeCustomerFail")
    await bench.post(f"/v1/subscriptions/{begun['id']}", default_payment_method=failing["id"])
    end = second("2027-03-10T10:00")
    while bench.clock.now() < end:
        bench.pass_to(min(bench.clock.now() + step, end))
    times = ("created", "next_payment_attempt", "period_end")
    since = [
        [each[name] and each[name] - begun["created"] for name in times] for each in await bench.invoices(begun["id"])
    ]
    outcomes = [
        (each["status"], each["attempt_count"], each["amount_due"]) for each in await bench.invoices(begun["id"])
    ]
    return since, outcomes, (await bench.subscription(begun["id"]))["status"], await bench.events()


@pytest.mark.parametrize("step", [7 * HOUR, 3 * 24 * HOUR + 1])
async def test_it_makes_no_difference_in_how_many_steps_time_passes(
    bench_with: Callable[[Billing], Bench], step: int
) -> None:
    assert await life(bench_with(Billing()), step) == await life(bench_with(Billing()), 366 * 24 * HOUR)


async def test_two_that_see_the_same_thing_due_do_it_once(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.clock.ahead += begun["items"]["data"][0]["current_period_end"] - bench.clock.now() - 24 * HOUR
    now = bench.clock.now()
    due = running.earliest(bench.sandbox, now)
    assert due is not None
    for _ in range(2):
        running.step(bench.sandbox, due, now)
    assert (await bench.events()).count("invoice.upcoming") == 1
