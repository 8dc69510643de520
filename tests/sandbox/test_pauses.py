"""Pausing collection, which goes on making invoices, and pausing a subscription, which does not."""

from typing import Any

import pytest

from tests.sandbox.bench import DAY, HOUR, Bench, day, period, second

FAILING = "pm_card_chargeCustomerFail"
AT_SUCCESS = {"payment_behavior": "resume_on_payment_success"}


async def pause_collection(bench: Bench, id: str, behavior: str, **more: Any) -> Any:
    how = {"pause_collection[behavior]": behavior, **{f"pause_collection[{name}]": more[name] for name in more}}
    return await bench.post(f"/v1/subscriptions/{id}", **how)


@pytest.mark.parametrize(
    ("behavior", "status", "told"),
    [
        ("keep_as_draft", "draft", []),
        ("mark_uncollectible", "uncollectible", ["invoice.updated", "invoice.marked_uncollectible"]),
        ("void", "void", ["invoice.updated", "invoice.voided", "payment_intent.canceled"]),
    ],
)
async def test_invoices_made_meanwhile_are_kept_waived_or_void(
    bench: Bench, behavior: str, status: str, told: list[str]
) -> None:
    begun = await bench.subscribe()
    await pause_collection(bench, begun["id"], behavior)
    await bench.news()
    bench.pass_to(begun["items"]["data"][0]["current_period_end"])
    made = ["customer.updated", "invoice.finalized", "payment_intent.created"] if told else []
    assert await bench.news() == ["customer.subscription.updated", "invoice.created", *made, *told]

    bench.pass_time(40 * DAY)
    assert {each["status"] for each in (await bench.invoices(begun["id"]))[1:]} == {status}
    assert (await bench.subscription(begun["id"]))["status"] == "active"


async def test_collection_goes_on_at_the_time_that_was_set(bench: Bench) -> None:
    bench.start_at("2027-01-10T00:00")
    begun = await bench.subscribe()
    await pause_collection(bench, begun["id"], "keep_as_draft", resumes_at=second("2027-03-10"))
    bench.pass_to(second("2027-03-09"))
    await bench.news()
    bench.pass_to(second("2027-03-10T01:00"))

    assert (await bench.news())[:2] == ["customer.subscription.updated"] * 2
    assert (await bench.subscription(begun["id"]))["pause_collection"] is None
    statuses = [(day(each["created"]), each["status"]) for each in await bench.invoices(begun["id"])]
    assert statuses == [("2027-01-10", "paid"), ("2027-02-10", "draft"), ("2027-03-10", "paid")]


async def test_what_was_made_before_the_pause_is_retried_all_the_same(bench: Bench) -> None:
    begun = await bench.subscribe()
    card = await bench.card(begun["customer"], FAILING)
    await bench.post(f"/v1/subscriptions/{begun['id']}", default_payment_method=card["id"])
    bench.pass_to(begun["items"]["data"][0]["current_period_end"] + HOUR)
    await pause_collection(bench, begun["id"], "void")
    bench.pass_time(DAY)
    assert (await bench.last_invoice(begun["id"]))["attempt_count"] == 2


async def test_a_paused_subscription_stands_still_and_gives_the_rest_of_the_period_back(bench: Bench) -> None:
    bench.start_at("2027-04-01T00:00")
    begun = await bench.subscribe()
    bench.pass_to(second("2027-04-16"))
    await bench.news()
    paused = await bench.post(f"/v1/subscriptions/{begun['id']}/pause")

    assert await bench.news() == [
        "customer.subscription.paused",
        "customer.subscription.updated",
        "invoiceitem.created",
    ]
    assert paused["status"] == "paused"
    assert paused["status_details"]["paused"] == {
        "subscription": {"type": "pause_requested"},
        "transitioned_at": second("2027-04-16"),
        "type": "subscription",
    }
    assert period(paused) == ("2027-04-01", "2027-04-16")
    (credit,) = (await bench.get("/v1/invoiceitems", customer=begun["customer"]))["data"]
    assert (credit["amount"], credit["invoice"]) == (-450, None)
    bench.pass_time(90 * DAY)
    assert await bench.news() == []


@pytest.mark.parametrize(("since", "amounts"), [("none", []), ("now", [-450]), ("item_current_period_start", [-900])])
async def test_a_pause_says_what_it_gives_back(bench: Bench, since: str, amounts: list[int]) -> None:
    bench.start_at("2027-04-01T00:00")
    begun = await bench.subscribe()
    bench.pass_to(second("2027-04-16"))
    await bench.post(f"/v1/subscriptions/{begun['id']}/pause", **{"bill_for[unused_time_from][type]": since})
    items = (await bench.get("/v1/invoiceitems", customer=begun["customer"]))["data"]
    assert [each["amount"] for each in items] == amounts


async def test_a_pause_can_be_billed_at_once(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.pass_time(10 * DAY)
    paused = await bench.post(f"/v1/subscriptions/{begun['id']}/pause", invoicing_behavior="invoice")
    invoice = await bench.last_invoice(begun["id"])
    assert (invoice["status"], invoice["total"] < 0, invoice["amount_due"]) == ("paid", True, 0)
    assert paused["latest_invoice"] == invoice["id"]
    assert (await bench.get(f"/v1/customers/{begun['customer']}"))["balance"] == invoice["total"]


@pytest.mark.parametrize("changes", [{"trial_period_days": "9"}, {"billing_mode[type]": "classic"}])
async def test_what_cannot_be_paused_is_refused(bench: Bench, changes: dict[str, str]) -> None:
    begun = await bench.subscribe(**changes)
    refused = await bench.post(f"/v1/subscriptions/{begun['id']}/pause")
    assert refused["error"]["type"] == "invalid_request_error"


async def paused_without_credit(bench: Bench, **changes: Any) -> Any:
    bench.start_at("2027-04-01T00:00")
    begun = await bench.subscribe(**changes)
    bench.pass_to(second("2027-04-16"))
    await bench.post(f"/v1/subscriptions/{begun['id']}/pause", **{"bill_for[unused_time_from][type]": "none"})
    bench.pass_to(second("2027-05-20"))
    await bench.news()
    return begun


async def test_resumed_it_stays_paused_until_its_invoice_is_paid(bench: Bench) -> None:
    begun = await paused_without_credit(bench)
    preview = await bench.post(
        "/v1/invoices/create_preview", subscription=begun["id"], **{"subscription_details[resume_at]": "now"}
    )
    resumed = await bench.post(f"/v1/subscriptions/{begun['id']}/resume")
    invoice = await bench.last_invoice(begun["id"])
    assert (resumed["status"], period(resumed)) == ("paused", ("2027-04-01", "2027-04-16"))
    assert (invoice["status"], invoice["auto_advance"], invoice["attempted"]) == ("open", False, False)
    assert preview["amount_due"] == invoice["amount_due"] == 900
    await bench.news()

    await bench.post(f"/v1/invoices/{invoice['id']}/pay")
    assert (await bench.news())[-2:] == ["customer.subscription.resumed", "customer.subscription.updated"]
    active = await bench.subscription(begun["id"])
    assert (active["status"], active["status_details"]) == ("active", None)
    assert period(active) == ("2027-05-20", "2027-06-20")
    assert active["billing_cycle_anchor"] == second("2027-05-20")
    bench.pass_to(second("2027-06-20T01:00"))
    assert (await bench.last_invoice(begun["id"]))["status"] == "paid"


async def test_resumed_for_success_it_is_charged_at_once(bench: Bench) -> None:
    begun = await paused_without_credit(bench)
    resumed = await bench.post(f"/v1/subscriptions/{begun['id']}/resume", **AT_SUCCESS)
    assert (resumed["status"], (await bench.last_invoice(begun["id"]))["status"]) == ("active", "paid")


async def test_resumed_for_success_a_failed_payment_leaves_it_paused_and_is_retried(bench: Bench) -> None:
    begun = await paused_without_credit(bench)
    failing = await bench.card(begun["customer"], FAILING)
    await bench.post(f"/v1/subscriptions/{begun['id']}", default_payment_method=failing["id"])
    resumed = await bench.post(f"/v1/subscriptions/{begun['id']}/resume", **AT_SUCCESS)
    assert resumed["status"] == "paused"
    good = await bench.card(begun["customer"])
    await bench.post(f"/v1/subscriptions/{begun['id']}", default_payment_method=good["id"])
    bench.pass_time(DAY)
    assert (await bench.subscription(begun["id"]))["status"] == "active"


async def test_resumed_for_an_attempt_a_failed_one_makes_past_due_without_retries(bench: Bench) -> None:
    begun = await paused_without_credit(bench)
    failing = await bench.card(begun["customer"], FAILING)
    await bench.post(f"/v1/subscriptions/{begun['id']}/resume")
    invoice = await bench.last_invoice(begun["id"])
    await bench.post(f"/v1/invoices/{invoice['id']}/pay", payment_method=failing["id"])
    due = await bench.subscription(begun["id"])
    assert (due["status"], period(due)) == ("past_due", ("2027-05-20", "2027-06-20"))
    assert (await bench.last_invoice(begun["id"]))["next_payment_attempt"] is None


async def test_an_invoice_to_resume_that_nobody_pays_is_void_after_23_hours(bench: Bench) -> None:
    begun = await paused_without_credit(bench)
    await bench.post(f"/v1/subscriptions/{begun['id']}/resume")
    again = await bench.post(f"/v1/subscriptions/{begun['id']}/resume")
    assert "being resumed already" in again["error"]["message"]
    bench.pass_time(23 * HOUR - 1)
    assert (await bench.last_invoice(begun["id"]))["status"] == "open"
    bench.pass_time(1)
    assert (await bench.last_invoice(begun["id"]))["status"] == "void"
    assert (await bench.subscription(begun["id"]))["status"] == "paused"
    assert (await bench.post(f"/v1/subscriptions/{begun['id']}/resume", **AT_SUCCESS))["status"] == "active"


async def test_a_waived_invoice_resumes_as_a_paid_one_does(bench: Bench) -> None:
    begun = await paused_without_credit(bench)
    await bench.post(f"/v1/subscriptions/{begun['id']}/resume")
    invoice = await bench.last_invoice(begun["id"])
    await bench.post(f"/v1/invoices/{invoice['id']}/mark_uncollectible")
    assert (await bench.subscription(begun["id"]))["status"] == "active"


async def test_with_the_anchor_kept_the_rest_of_the_period_is_prorated(bench: Bench) -> None:
    begun = await paused_without_credit(bench)
    how = {"billing_cycle_anchor[type]": "unchanged", "proration_behavior": "always_invoice"}
    resumed = await bench.post(f"/v1/subscriptions/{begun['id']}/resume", **how, **AT_SUCCESS)
    assert (resumed["status"], period(resumed)) == ("active", ("2027-05-01", "2027-06-01"))
    assert (await bench.last_invoice(begun["id"]))["amount_paid"] == round(900 * 12 / 31)


async def test_what_is_not_paused_cannot_be_resumed(bench: Bench) -> None:
    begun = await bench.subscribe()
    refused = await bench.post(f"/v1/subscriptions/{begun['id']}/resume")
    assert "Only a paused subscription" in refused["error"]["message"]


async def test_a_paused_subscription_can_be_canceled(bench: Bench) -> None:
    begun = await paused_without_credit(bench)
    await bench.post(f"/v1/subscriptions/{begun['id']}/resume")
    invoice = await bench.last_invoice(begun["id"])
    await bench.delete(f"/v1/subscriptions/{begun['id']}")
    await bench.post(f"/v1/invoices/{invoice['id']}/pay")
    assert (await bench.subscription(begun["id"]))["status"] == "canceled"
