"""Test clocks: customers with a time of their own."""

from typing import Any

import pytest

from tests.sandbox.bench import DAY, HOUR, Bench, period, second

URL = "/v1/test_helpers/test_clocks"
START = second("2024-01-31T12:00")
"""Long ago by any other clock here."""
DAILY = {"items[0][price_data][recurring][interval]": "day"}


async def clock_with_subscription(bench: Bench, **changes: Any) -> tuple[Any, Any]:
    clock = await bench.post(URL, frozen_time=START, name="Leap year")
    customer, card = await bench.customer(test_clock=clock["id"])
    begun = await bench.subscribe(customer=customer["id"], default_payment_method=card["id"], **changes)
    await bench.news()
    return clock, begun


async def advance(bench: Bench, clock: Any, to: int) -> Any:
    moving = await bench.post(f"{URL}/{clock['id']}/advance", frozen_time=to)
    assert moving["status_details"] == {"advancing": {"target_frozen_time": to}}
    return await bench.get(f"{URL}/{clock['id']}")


async def test_a_clock_stands_until_it_is_moved(bench: Bench) -> None:
    clock = await bench.post(URL, frozen_time=START, name="Leap year")
    assert (clock["frozen_time"], clock["name"], clock["status"]) == (START, "Leap year", "ready")
    assert clock["deletes_after"] - clock["created"] == 7 * DAY
    bench.pass_time(DAY)
    assert (await bench.get(f"{URL}/{clock['id']}"))["frozen_time"] == START
    assert [each["id"] for each in (await bench.get(URL))["data"]] == [clock["id"]]


async def test_what_is_on_a_clock_lives_at_its_time(bench: Bench) -> None:
    clock, begun = await clock_with_subscription(bench, **DAILY)
    invoice = await bench.last_invoice(begun["id"])
    assert {each["test_clock"] for each in (begun, invoice)} == {clock["id"]}
    assert {each["created"] for each in (begun, invoice)} == {START}
    assert period(begun) == ("2024-01-31", "2024-02-01")
    intents = (await bench.get("/v1/payment_intents", customer=begun["customer"]))["data"]
    assert [each["created"] for each in intents] == [START]
    (event,) = (await bench.get("/v1/events", type="customer.subscription.created"))["data"]
    assert event["created"] == START
    bench.pass_time(6 * DAY)
    assert len(await bench.invoices(begun["id"])) == 1


async def test_advancing_runs_everything_on_the_way(bench: Bench) -> None:
    clock, begun = await clock_with_subscription(bench)
    await advance(bench, clock, second("2024-02-29T12:00"))
    ready = await advance(bench, clock, second("2024-03-31T14:00"))
    assert (ready["status"], ready["status_details"]) == ("ready", {})
    assert ready["frozen_time"] == second("2024-03-31T14:00")
    told = await bench.news()
    assert (told[0], told[-1]) == ("test_helpers.test_clock.advancing", "test_helpers.test_clock.ready")
    assert told.count("invoice.paid") == 2
    invoices = await bench.invoices(begun["id"])
    assert [each["created"] for each in invoices] == [START, second("2024-02-29T12:00"), second("2024-03-31T12:00")]
    assert invoices[-1]["status_transitions"]["paid_at"] == second("2024-03-31T13:00")
    (event,) = (await bench.get("/v1/events", type="invoice.paid"))["data"][:1]
    assert event["created"] == second("2024-03-31T13:00")
    assert period(await bench.subscription(begun["id"])) == ("2024-03-31", "2024-04-30")


async def test_a_session_of_a_customer_on_a_clock_expires_by_it(bench: Bench) -> None:
    clock = await bench.post(URL, frozen_time=START)
    customer = await bench.post("/v1/customers", test_clock=clock["id"])
    session = await bench.post(
        "/v1/checkout/sessions", mode="setup", currency="usd", success_url="https://a.example", customer=customer["id"]
    )
    assert (session["created"], session["expires_at"]) == (START, START + DAY)
    bench.pass_time(2 * DAY)
    assert (await bench.get(f"/v1/checkout/sessions/{session['id']}"))["status"] == "open"
    await advance(bench, clock, START + DAY)
    assert (await bench.get(f"/v1/checkout/sessions/{session['id']}"))["status"] == "expired"


async def test_a_change_between_two_advances_happens_at_the_frozen_time(bench: Bench) -> None:
    clock, begun = await clock_with_subscription(bench)
    await advance(bench, clock, second("2024-02-15T12:00"))
    ended = await bench.delete(f"/v1/subscriptions/{begun['id']}")
    assert ended["canceled_at"] == second("2024-02-15T12:00")


async def test_a_clock_moves_forward_and_at_most_two_intervals(bench: Bench) -> None:
    clock, _ = await clock_with_subscription(bench)
    for wrong in (START - DAY, START, second("2024-03-31T12:01")):
        refused = await bench.post(f"{URL}/{clock['id']}/advance", frozen_time=wrong)
        assert refused["error"]["param"] == "frozen_time"
    empty = await bench.post(URL, frozen_time=START)
    refused = await bench.post(f"{URL}/{empty['id']}/advance", frozen_time=second("2026-02-01"))
    assert "2 years" in refused["error"]["message"]
    assert (await advance(bench, empty, second("2026-01-31T12:00")))["status"] == "ready"


async def test_a_clock_that_moves_is_not_moved_again(bench: Bench) -> None:
    clock, _ = await clock_with_subscription(bench)
    with bench.sandbox.work() as work:
        stored = work.get("test_helpers.test_clock", clock["id"])
        stored.update(status="internal_failure")
        work.save(stored)
    refused = await bench.post(f"{URL}/{clock['id']}/advance", frozen_time=START + DAY)
    assert "internal_failure" in refused["error"]["message"]


async def test_what_is_on_a_clock_is_listed_for_it_or_its_owner_only(bench: Bench) -> None:
    clock, begun = await clock_with_subscription(bench)
    other = await bench.subscribe()

    async def listed(path: str, **filters: str) -> set[str]:
        return {each["id"] for each in (await bench.get(path, **filters))["data"]}

    assert await listed("/v1/subscriptions") == {other["id"]}
    assert await listed("/v1/customers") == {other["customer"]}
    assert begun["latest_invoice"] not in await listed("/v1/invoices")
    assert await listed("/v1/subscriptions", test_clock=clock["id"]) == {begun["id"]}
    assert await listed("/v1/customers", test_clock=clock["id"]) == {begun["customer"]}
    assert await listed("/v1/subscriptions", customer=begun["customer"]) == {begun["id"]}
    assert await listed("/v1/invoices", subscription=begun["id"]) == {begun["latest_invoice"]}


async def test_three_customers_with_three_subscriptions_each_and_no_more(bench: Bench) -> None:
    clock, begun = await clock_with_subscription(bench)
    for _ in range(2):
        assert (await bench.post("/v1/customers", test_clock=clock["id"]))["test_clock"] == clock["id"]
        more = {"customer": begun["customer"], "default_payment_method": begun["default_payment_method"]}
        assert (await bench.subscribe(**more))["status"] == "active"
    assert "3 customers" in (await bench.post("/v1/customers", test_clock=clock["id"]))["error"]["message"]
    assert "3 subscriptions" in (await bench.subscribe(**more))["error"]["message"]


async def test_a_customer_can_be_put_on_a_clock_with_all_that_is_theirs(bench: Bench) -> None:
    begun = await bench.subscribe(**DAILY)
    end = begun["items"]["data"][0]["current_period_end"]
    clock = await bench.post(URL, frozen_time=begun["created"], customer=begun["customer"])
    bench.pass_to(end + 2 * HOUR)
    assert len(await bench.invoices(begun["id"])) == 1
    await advance(bench, clock, end + 2 * HOUR)
    renewed = await bench.last_invoice(begun["id"])
    assert (renewed["created"], renewed["status"], renewed["test_clock"]) == (end, "paid", clock["id"])


async def test_a_deleted_clock_takes_everything_on_it_along(bench: Bench) -> None:
    clock, begun = await clock_with_subscription(bench)
    assert (await bench.delete(f"{URL}/{clock['id']}"))["deleted"] is True
    assert (await bench.get(f"/v1/customers/{begun['customer']}"))["deleted"] is True
    assert (await bench.subscription(begun["id"]))["error"]["code"] == "resource_missing"
    assert (await bench.get("/v1/products"))["data"] != []
    assert (await bench.news())[-1] == "test_helpers.test_clock.deleted"


async def test_a_clock_is_deleted_after_a_week(bench: Bench) -> None:
    clock = await bench.post(URL, frozen_time=START)
    bench.pass_time(7 * DAY)
    assert (await bench.get(f"{URL}/{clock['id']}"))["error"]["code"] == "resource_missing"


async def test_a_clock_that_cannot_be_moved_says_so(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    clock, begun = await clock_with_subscription(bench)
    bench.sandbox.database._connection.execute("DELETE FROM objects WHERE id = ?", (begun["customer"],))
    failed = await advance(bench, clock, second("2024-03-01"))
    assert failed["status"] == "internal_failure"
    assert f"Test clock {clock['id']} failed" in caplog.text
