"""How trials end, with and without a way to pay."""

from typing import Any

import pytest

from tests.sandbox.bench import DAY, HOUR, Bench, period, second

NO_METHOD: dict[str, Any] = {"default_payment_method": None}
MISSING = "trial_settings[end_behavior][missing_payment_method]"


async def test_three_days_before_its_end_a_trial_is_announced(bench: Bench) -> None:
    begun = await bench.subscribe(trial_period_days="14")
    await bench.news()
    bench.pass_to(begun["trial_end"] - 3 * DAY - 1)
    assert await bench.news() == ["invoice.upcoming"]
    bench.pass_time(2)
    assert await bench.news() == ["customer.subscription.trial_will_end"]
    (event,) = (await bench.get("/v1/events", type="customer.subscription.trial_will_end"))["data"]
    assert event["created"] == begun["trial_end"] - 3 * DAY


async def test_a_trial_that_is_shorter_is_announced_at_once(bench: Bench) -> None:
    await bench.subscribe(trial_period_days="2")
    assert (await bench.news())[-1] == "customer.subscription.trial_will_end"


async def test_a_trial_ends_in_a_period_that_is_paid_for(bench: Bench) -> None:
    bench.start_at("2027-05-31T10:00")
    begun = await bench.subscribe(trial_period_days="14")
    assert (begun["status"], period(begun)) == ("trialing", ("2027-05-31", "2027-06-14"))
    bench.pass_to(begun["trial_end"] - 1)
    await bench.news()
    bench.pass_time(1)

    assert await bench.news() == ["customer.subscription.updated", "invoice.created"]
    active, draft = await bench.subscription(begun["id"]), await bench.last_invoice(begun["id"])
    assert (active["status"], period(active)) == ("active", ("2027-06-14", "2027-07-14"))
    assert (draft["billing_reason"], draft["amount_due"]) == ("subscription_cycle", 900)
    bench.pass_time(HOUR)
    assert (await bench.last_invoice(begun["id"]))["status"] == "paid"
    bench.pass_to(second("2027-07-14T11:00"))
    assert len(await bench.invoices(begun["id"])) == 3


async def test_without_a_method_a_trial_can_end_the_subscription(bench: Bench) -> None:
    begun = await bench.subscribe(trial_period_days="10", **NO_METHOD, **{MISSING: "cancel"})
    bench.pass_to(begun["trial_end"] - 1)
    await bench.news()
    bench.pass_time(1)
    assert await bench.news() == ["customer.subscription.deleted"]
    assert (await bench.subscription(begun["id"]))["status"] == "canceled"


async def test_without_a_method_a_trial_can_pause_the_subscription(bench: Bench) -> None:
    begun = await bench.subscribe(trial_period_days="10", **NO_METHOD, **{MISSING: "pause"})
    bench.pass_to(begun["trial_end"] - 1)
    await bench.news()
    bench.pass_time(1)
    assert await bench.news() == ["customer.subscription.paused", "customer.subscription.updated"]
    paused = await bench.subscription(begun["id"])
    assert paused["status_details"] == {
        "paused": {
            "subscription": {"type": "trial_end_without_payment_method"},
            "transitioned_at": begun["trial_end"],
            "type": "subscription",
        }
    }
    bench.pass_time(60 * DAY)
    assert await bench.news() == []


async def test_without_a_method_a_trial_ends_in_an_invoice_that_nobody_pays(bench: Bench) -> None:
    begun = await bench.subscribe(trial_period_days="10", **NO_METHOD)
    bench.pass_to(begun["trial_end"])
    assert (await bench.subscription(begun["id"]))["status"] == "active"
    bench.pass_time(HOUR)
    assert (await bench.subscription(begun["id"]))["status"] == "past_due"


@pytest.mark.parametrize("missing", ["cancel", "pause", "create_invoice"])
async def test_the_customers_own_default_method_is_enough(bench: Bench, missing: str) -> None:
    begun = await bench.subscribe(trial_period_days="10", **NO_METHOD, **{MISSING: missing})
    card = await bench.card(begun["customer"])
    await bench.post(f"/v1/customers/{begun['customer']}", **{"invoice_settings[default_payment_method]": card["id"]})
    bench.pass_to(begun["trial_end"] + HOUR)
    assert (await bench.last_invoice(begun["id"]))["status"] == "paid"


async def test_a_trial_that_is_to_be_the_end_is_not_charged(bench: Bench) -> None:
    begun = await bench.subscribe(trial_period_days="10", cancel_at_period_end="true")
    bench.pass_to(begun["trial_end"] + HOUR)
    ended = await bench.subscription(begun["id"])
    assert (ended["status"], ended["ended_at"]) == ("canceled", begun["trial_end"])
    assert len(await bench.invoices(begun["id"])) == 1


async def test_a_trial_that_is_prolonged_is_announced_again(bench: Bench) -> None:
    begun = await bench.subscribe(trial_period_days="14")
    bench.pass_to(begun["trial_end"] - DAY)
    later = begun["trial_end"] + 30 * DAY
    await bench.post(f"/v1/subscriptions/{begun['id']}", trial_end=later, proration_behavior="none")
    await bench.news()
    bench.pass_to(later - 2 * DAY)
    assert await bench.news() == ["invoice.upcoming", "customer.subscription.trial_will_end"]


async def test_another_anchor_at_the_end_of_a_trial_is_refused(bench: Bench) -> None:
    anchor = "trial_settings[end_behavior][billing_cycle_anchor]"
    how = {"trial_period_days": "10", MISSING: "pause"}
    refused = await bench.subscribe(**how, **{anchor: "unchanged"})
    assert refused["error"]["param"] == anchor
    begun = await bench.subscribe(**how, **{anchor: "now"})
    assert begun["trial_settings"]["end_behavior"] == {"billing_cycle_anchor": "now", "missing_payment_method": "pause"}
