"""Payments that fail: when they are tried again, by which method, and how it ends."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.settings import Billing
from tests.sandbox.bench import DAY, HOUR, MINUTE, Bench

RETRIES = [1, 2, 4, 6, 8, 10, 12, 14]
"""Days after the first failure, by Stripe's own schedule."""
FAILING = "pm_card_chargeCustomerFail"


async def renew_with(bench: Bench, kind: str) -> Any:
    """A subscription that began well, whose card of this kind is to pay its first renewal in an hour."""
    begun = await bench.subscribe()
    card = await bench.card(begun["customer"], kind)
    await bench.post(f"/v1/subscriptions/{begun['id']}", default_payment_method=card["id"])
    bench.pass_to(begun["items"]["data"][0]["current_period_end"])
    await bench.news()
    return begun


async def test_a_failed_renewal_makes_past_due_and_says_when_it_is_tried_again(bench: Bench) -> None:
    begun = await renew_with(bench, FAILING)
    bench.pass_time(HOUR)

    assert await bench.news() == [
        "customer.updated",
        "invoice.finalized",
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.subscription.updated",
    ]
    invoice = await bench.last_invoice(begun["id"])
    assert (invoice["status"], invoice["attempted"], invoice["attempt_count"]) == ("open", True, 1)
    assert invoice["next_payment_attempt"] == bench.clock.now() + DAY
    assert (await bench.subscription(begun["id"]))["status"] == "past_due"


async def test_it_is_tried_eight_times_more_in_two_weeks_and_then_canceled(bench: Bench) -> None:
    begun = await renew_with(bench, FAILING)
    bench.pass_time(HOUR)
    first = bench.clock.now()
    await bench.news()
    for number, days in enumerate(RETRIES, start=2):
        bench.pass_to(first + days * DAY - MINUTE)
        assert (await bench.last_invoice(begun["id"]))["attempt_count"] == number - 1
        bench.pass_to(first + days * DAY)
        assert (await bench.last_invoice(begun["id"]))["attempt_count"] == number

    failed = ["charge.failed", "payment_intent.payment_failed", "invoice.updated", "invoice.payment_failed"]
    assert await bench.news() == failed * 8 + ["invoice.updated", "customer.subscription.deleted"]
    ended, invoice = await bench.subscription(begun["id"]), await bench.last_invoice(begun["id"])
    assert (ended["status"], ended["cancellation_details"]["reason"]) == ("canceled", "payment_failed")
    assert (invoice["status"], invoice["auto_advance"], invoice["next_payment_attempt"]) == ("open", False, None)
    bench.pass_time(40 * DAY)
    assert await bench.news() == []


async def test_a_retry_charges_the_method_that_is_the_default_then(bench: Bench) -> None:
    begun = await renew_with(bench, FAILING)
    bench.pass_time(HOUR)
    card = await bench.card(begun["customer"])
    await bench.post(f"/v1/subscriptions/{begun['id']}", default_payment_method=card["id"])
    await bench.news()
    bench.pass_time(DAY)

    assert (await bench.news())[-4:] == [
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
    ]
    invoice = await bench.last_invoice(begun["id"])
    assert (invoice["status"], invoice["attempt_count"]) == ("paid", 2)
    assert (await bench.subscription(begun["id"]))["status"] == "active"


async def test_a_card_that_was_refused_for_good_is_not_charged_again_but_a_new_one_is(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.pass_to(begun["items"]["data"][0]["current_period_end"] - DAY)
    control = {"customer": begun["customer"], "decline_code": "stolen_card"}
    assert (await bench.http.post("/_sandbox/payments/fail_next", json=control)).status_code == 200
    bench.pass_time(DAY + HOUR + MINUTE)
    await bench.news()

    bench.pass_time(2 * DAY)
    assert await bench.news() == ["invoice.updated", "invoice.updated"]
    assert (await bench.last_invoice(begun["id"]))["attempt_count"] == 3

    card = await bench.card(begun["customer"])
    await bench.post(f"/v1/subscriptions/{begun['id']}", default_payment_method=card["id"])
    bench.pass_time(2 * DAY)
    invoice = await bench.last_invoice(begun["id"])
    assert (invoice["status"], invoice["attempt_count"]) == ("paid", 4)


async def test_paying_by_hand_ends_the_retries_and_failing_by_hand_does_not_change_them(bench: Bench) -> None:
    begun = await renew_with(bench, FAILING)
    bench.pass_time(HOUR)
    before = await bench.last_invoice(begun["id"])
    refused = await bench.post(f"/v1/invoices/{before['id']}/pay")
    assert refused["error"]["code"] == "card_declined"
    after = await bench.last_invoice(begun["id"])
    schedule = ("attempt_count", "next_payment_attempt")
    assert [after[name] for name in schedule] == [before[name] for name in schedule]

    card = await bench.card(begun["customer"])
    paid = await bench.post(f"/v1/invoices/{before['id']}/pay", payment_method=card["id"])
    assert (paid["status"], paid["next_payment_attempt"]) == ("paid", None)
    assert (await bench.subscription(begun["id"]))["status"] == "active"
    await bench.news()
    bench.pass_time(14 * DAY)
    assert await bench.news() == []


async def test_without_a_method_nothing_is_charged_and_the_subscription_is_past_due(bench: Bench) -> None:
    begun = await bench.subscribe()
    await bench.post(f"/v1/payment_methods/{begun['default_payment_method']}/detach")
    bench.pass_to(begun["items"]["data"][0]["current_period_end"])
    await bench.news()
    bench.pass_time(HOUR)
    assert await bench.news() == [
        "customer.updated",
        "invoice.finalized",
        "payment_intent.created",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.subscription.updated",
    ]
    assert (await bench.subscription(begun["id"]))["status"] == "past_due"
    bench.pass_time(15 * DAY)
    assert (await bench.subscription(begun["id"]))["status"] == "canceled"


async def test_a_bank_that_wants_to_see_the_customer_is_asked_for_them(bench: Bench) -> None:
    begun = await renew_with(bench, "pm_card_authenticationRequired")
    bench.pass_time(HOUR)
    assert (await bench.news())[-3:] == [
        "invoice.payment_failed",
        "invoice.payment_action_required",
        "customer.subscription.updated",
    ]
    assert (await bench.subscription(begun["id"]))["status"] == "past_due"


async def test_writing_off_what_is_past_due_makes_active(bench: Bench) -> None:
    begun = await renew_with(bench, FAILING)
    bench.pass_time(HOUR)
    invoice = await bench.last_invoice(begun["id"])
    await bench.post(f"/v1/invoices/{invoice['id']}/mark_uncollectible")
    assert (await bench.subscription(begun["id"]))["status"] == "active"


async def test_a_past_due_subscription_renews_and_the_latest_finalized_invoice_decides(
    bench_with: Callable[[Billing], Bench],
) -> None:
    bench = bench_with(Billing(retries=(40,)))
    begun = await renew_with(bench, FAILING)
    bench.pass_time(HOUR)
    failed = await bench.last_invoice(begun["id"])
    bench.pass_to((await bench.subscription(begun["id"]))["items"]["data"][0]["current_period_end"])
    draft = await bench.last_invoice(begun["id"])
    assert (draft["status"], draft["auto_advance"]) == ("draft", True)
    card = await bench.card(begun["customer"])
    await bench.post(f"/v1/invoices/{failed['id']}/pay", payment_method=card["id"])
    assert (await bench.subscription(begun["id"]))["status"] == "active"
    bench.pass_time(HOUR)
    assert (await bench.subscription(begun["id"]))["status"] == "past_due"


async def test_an_unpaid_subscription_makes_drafts_until_the_latest_is_paid(
    bench_with: Callable[[Billing], Bench],
) -> None:
    bench = bench_with(Billing(retries=(1,), after_retries="unpaid"))
    begun = await renew_with(bench, FAILING)
    bench.pass_time(DAY + HOUR)
    assert (await bench.subscription(begun["id"]))["status"] == "unpaid"
    failed = await bench.last_invoice(begun["id"])
    assert (failed["status"], failed["next_payment_attempt"]) == ("open", None)

    bench.pass_time(32 * DAY)
    draft = await bench.last_invoice(begun["id"])
    assert (draft["status"], draft["auto_advance"]) == ("draft", False)
    card = await bench.card(begun["customer"])
    await bench.post(f"/v1/invoices/{draft['id']}/pay", payment_method=card["id"])
    assert (await bench.subscription(begun["id"]))["status"] == "active"


async def test_by_setting_it_stays_past_due(bench_with: Callable[[Billing], Bench]) -> None:
    bench = bench_with(Billing(retries=(3, 5), after_retries="past_due"))
    begun = await renew_with(bench, FAILING)
    bench.pass_time(9 * DAY)
    invoice = await bench.last_invoice(begun["id"])
    assert (invoice["attempt_count"], invoice["next_payment_attempt"]) == (3, None)
    assert (await bench.subscription(begun["id"]))["status"] == "past_due"


async def test_by_setting_it_is_paused(bench_with: Callable[[Billing], Bench]) -> None:
    bench = bench_with(Billing(retries=(), after_retries="pause"))
    begun = await renew_with(bench, FAILING)
    bench.pass_time(HOUR)
    paused = await bench.subscription(begun["id"])
    assert paused["status"] == "paused"
    assert paused["status_details"]["paused"]["subscription"] == {"type": "final_payment_failure"}
    assert (await bench.last_invoice(begun["id"]))["status"] == "open"


async def test_the_first_invoice_is_not_retried(bench: Bench) -> None:
    begun = await bench.subscribe(FAILING, payment_behavior="allow_incomplete")
    assert begun["status"] == "incomplete"
    invoice = await bench.last_invoice(begun["id"])
    assert (invoice["attempt_count"], invoice["next_payment_attempt"]) == (1, None)


@pytest.mark.parametrize(("retries", "after"), [((0,), "cancel"), ((1, -1), "cancel"), ((1,), "forgive")])
def test_settings_that_make_no_sense_are_refused(retries: tuple[int, ...], after: str) -> None:
    with pytest.raises(ValueError, match=r"use cancel|such as 1,3,5"):
        Billing(retries=retries, after_retries=after)


async def test_settings_can_be_changed_while_it_runs(bench: Bench) -> None:
    config = {"retries": [2], "after_retries": "unpaid"}
    answer = await bench.http.post("/_sandbox/config", json=config)
    assert answer.json() == {"methods": ["card", "amazon_pay"], **config}
    begun = await renew_with(bench, FAILING)
    bench.pass_time(2 * DAY + HOUR)
    assert (await bench.subscription(begun["id"]))["status"] == "unpaid"


@pytest.mark.parametrize(
    "wrong",
    [{"retries": ["soon"]}, {"retries": 3}, {"after_retries": "forgive"}, {"forgive": True}, {"methods": ["x"]}],
)
async def test_settings_that_are_none_are_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    before = (await bench.http.get("/_sandbox/config")).json()
    answer = await bench.http.post("/_sandbox/config", json=wrong)
    assert (answer.status_code, answer.json()["error"].startswith("Send any of {")) == (400, True)
    assert (await bench.http.get("/_sandbox/config")).json() == before
