"""Renewals: a period ends, a draft is made, and an hour later it is finalized and paid."""

from typing import Any

from tests.sandbox.bench import DAY, HOUR, MINUTE, Bench, period, second

PAID = [
    "invoice.finalized",
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "invoice_payment.paid",
    "invoice.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
]


async def every_event(bench: Bench) -> list[Any]:
    """Newest first."""
    page = await bench.get("/v1/events", limit=100)
    events: list[Any] = page["data"]
    while page["has_more"]:
        page = await bench.get("/v1/events", limit=100, starting_after=events[-1]["id"])
        events += page["data"]
    return events


async def without_customer(bench: Bench) -> list[str]:
    return [type for type in await bench.news() if type not in ("customer.updated", "balance.available")]


async def test_a_renewal_is_a_draft_for_an_hour_and_then_paid(bench: Bench) -> None:
    bench.start_at("2027-03-10T12:00")
    begun = await bench.subscribe()
    await bench.news()
    bench.pass_to(second("2027-04-10T12:00"))

    renewed = await bench.subscription(begun["id"])
    first, draft = await bench.invoices(begun["id"])
    assert await bench.news() == ["invoice.upcoming", "customer.subscription.updated", "invoice.created"]
    assert (renewed["status"], renewed["latest_invoice"]) == ("active", draft["id"])
    assert period(renewed) == ("2027-04-10", "2027-05-10")
    assert (draft["status"], draft["billing_reason"], draft["amount_due"]) == ("draft", "subscription_cycle", 900)
    assert draft["automatically_finalizes_at"] == draft["next_payment_attempt"] == draft["created"] + HOUR
    assert draft["webhooks_delivered_at"] == draft["created"] == second("2027-04-10T12:00")
    assert (draft["period_start"], draft["period_end"]) == (first["created"], draft["created"])
    (line,) = draft["lines"]["data"]
    assert line["period"] == {"start": second("2027-04-10T12:00"), "end": second("2027-05-10T12:00")}

    bench.pass_time(HOUR - MINUTE)
    assert (await bench.last_invoice(begun["id"]))["status"] == "draft"
    bench.pass_time(MINUTE)
    paid = await bench.last_invoice(begun["id"])
    assert await without_customer(bench) == PAID
    assert (paid["status"], paid["amount_paid"], paid["attempt_count"]) == ("paid", 900, 1)
    assert (paid["automatically_finalizes_at"], paid["next_payment_attempt"]) == (None, None)
    assert paid["status_transitions"]["finalized_at"] == paid["created"] + HOUR


async def test_the_event_of_a_renewal_tells_the_period_before(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.pass_time(32 * DAY)
    (event,) = (await bench.get("/v1/events", type="customer.subscription.updated"))["data"][:1]
    previous = event["data"]["previous_attributes"]
    assert previous["latest_invoice"] == begun["latest_invoice"]
    assert previous["items"]["data"][0]["current_period_end"] == begun["items"]["data"][0]["current_period_end"]


async def test_a_year_of_renewals_happens_at_its_own_times(bench: Bench) -> None:
    bench.start_at("2027-06-01T08:30")
    begun = await bench.subscribe()
    bench.pass_to(second("2028-06-01T08:00"))

    invoices = await bench.invoices(begun["id"])
    assert [each["created"] for each in invoices] == [
        second(f"{2027 + (5 + n) // 12}-{(5 + n) % 12 + 1:02}-01T08:30") for n in range(12)
    ]
    assert {each["status"] for each in invoices} == {"paid"}
    assert [each["status_transitions"]["paid_at"] - each["created"] for each in invoices] == [0] + [HOUR] * 11
    events = await every_event(bench)
    moments = [each["created"] for each in events]
    assert moments == sorted(moments, reverse=True)


async def test_items_of_different_lengths_renew_when_their_own_period_ends(bench: Bench) -> None:
    product = (await bench.post("/v1/products", name="Archive"))["id"]
    bench.start_at("2027-01-15T00:00")
    begun = await bench.subscribe(
        **{
            "items[1][price_data][currency]": "usd",
            "items[1][price_data][product]": product,
            "items[1][price_data][recurring][interval]": "year",
            "items[1][price_data][unit_amount]": "10000",
        }
    )
    bench.pass_to(second("2027-02-15T02:00"))
    assert (await bench.last_invoice(begun["id"]))["amount_paid"] == 900
    bench.pass_to(second("2028-01-15T02:00"))
    last = await bench.last_invoice(begun["id"])
    assert (last["amount_paid"], len(last["lines"]["data"])) == (10900, 2)


async def test_a_waiting_item_is_on_the_next_invoice(bench: Bench) -> None:
    begun = await bench.subscribe()
    await bench.post("/v1/invoiceitems", customer=begun["customer"], amount=250, currency="usd")
    preview = await bench.post("/v1/invoices/create_preview", subscription=begun["id"])
    bench.pass_time(32 * DAY)
    renewal = await bench.last_invoice(begun["id"])
    assert preview["total"] == renewal["total"] == renewal["amount_paid"] == 1150
    (item,) = (await bench.get("/v1/invoiceitems", customer=begun["customer"]))["data"]
    assert item["invoice"] == renewal["id"]


async def test_a_draft_without_auto_advance_stays_a_draft(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.pass_to(begun["items"]["data"][0]["current_period_end"])
    draft = await bench.last_invoice(begun["id"])
    held = await bench.post(f"/v1/invoices/{draft['id']}", auto_advance="false")
    assert (held["automatically_finalizes_at"], held["next_payment_attempt"]) == (None, None)
    bench.pass_time(10 * DAY)
    assert (await bench.last_invoice(begun["id"]))["status"] == "draft"

    freed = await bench.post(f"/v1/invoices/{draft['id']}", auto_advance="true")
    assert freed["automatically_finalizes_at"] == bench.clock.now() + HOUR
    bench.pass_time(HOUR + MINUTE)
    assert (await bench.last_invoice(begun["id"]))["status"] == "paid"


async def test_an_open_invoice_without_auto_advance_is_never_collected_by_time(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.pass_to(begun["items"]["data"][0]["current_period_end"])
    draft = await bench.last_invoice(begun["id"])
    opened = await bench.post(f"/v1/invoices/{draft['id']}/finalize", auto_advance="false")
    assert (opened["status"], opened["auto_advance"]) == ("open", False)
    bench.pass_time(20 * DAY)
    (invoice,) = [each for each in await bench.invoices(begun["id"]) if each["id"] == draft["id"]]
    assert (invoice["status"], invoice["attempt_count"]) == ("open", 0)


async def test_an_invoice_finalized_by_hand_is_collected_within_the_hour(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.pass_to(begun["items"]["data"][0]["current_period_end"])
    draft = await bench.last_invoice(begun["id"])
    opened = await bench.post(f"/v1/invoices/{draft['id']}/finalize")
    assert (opened["status"], opened["next_payment_attempt"]) == ("open", bench.clock.now() + HOUR)
    bench.pass_time(HOUR + MINUTE)
    assert (await bench.last_invoice(begun["id"]))["status"] == "paid"


async def test_a_canceled_subscription_renews_no_more_and_its_draft_is_not_collected(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.pass_to(begun["items"]["data"][0]["current_period_end"])
    await bench.delete(f"/v1/subscriptions/{begun['id']}")
    bench.pass_time(40 * DAY)
    _, draft = await bench.invoices(begun["id"])
    assert (draft["status"], draft["auto_advance"], draft["automatically_finalizes_at"]) == ("draft", False, None)


async def test_a_subscription_that_ends_with_its_period_is_not_renewed(bench: Bench) -> None:
    begun = await bench.subscribe()
    await bench.post(f"/v1/subscriptions/{begun['id']}", cancel_at_period_end="true")
    await bench.news()
    bench.pass_time(40 * DAY)
    assert await bench.news() == ["customer.subscription.deleted"]
    ended = await bench.subscription(begun["id"])
    assert ended["ended_at"] == begun["items"]["data"][0]["current_period_end"]


async def test_a_request_never_sees_what_should_be_over(bench: Bench) -> None:
    begun = await bench.subscribe()
    bench.clock.ahead += 32 * DAY
    assert (await bench.last_invoice(begun["id"]))["status"] == "paid"
