"""Money over time: coupons that run out, credit that is carried on, prorations that wait for a renewal or an end."""

from typing import Any

from tests.sandbox.bench import DAY, HOUR, Bench, second


async def change(bench: Bench, subscription: Any, at: Any = None, **params: Any) -> Any:
    """Update it, with prorations as of that second."""
    date = {} if at is None else {"proration_date": at}
    return await bench.post(f"/v1/subscriptions/{subscription['id']}", **date, **params)


def to_quantity(subscription: Any, quantity: int) -> dict[str, str]:
    return {"items[0][id]": subscription["items"]["data"][0]["id"], "items[0][quantity]": str(quantity)}


async def totals(bench: Bench, subscription: Any) -> list[int]:
    return [invoice["total"] for invoice in await bench.invoices(subscription["id"])]


async def test_a_coupon_for_two_months_lowers_two_invoices(bench: Bench) -> None:
    bench.start_at("2027-01-31")
    await bench.post("/v1/coupons", id="two", percent_off="50", duration="repeating", duration_in_months="2")
    begun = await bench.subscribe(**{"discounts[0][coupon]": "two"})
    # It ends on 31 March: 31 January and 28 February are before that, 31 March is not.
    for day in ("2027-03-01", "2027-04-01", "2027-05-01"):
        bench.pass_to(second(day))
    assert await totals(bench, begun) == [450, 450, 900, 900]
    assert (await bench.subscription(begun["id"]))["discounts"] == []
    gone = [type for type in await bench.events() if type == "customer.discount.deleted"]
    assert len(gone) == 1


async def test_a_coupon_for_once_is_used_up_by_the_renewal_it_waits_for(bench: Bench) -> None:
    begun = await bench.subscribe()
    await bench.post("/v1/coupons", id="once", amount_off="100", currency="usd")
    await change(bench, begun, **{"discounts[0][coupon]": "once"})
    bench.pass_time(31 * DAY)
    bench.pass_time(31 * DAY)
    assert await totals(bench, begun) == [900, 800, 900]


async def test_prorations_wait_for_the_renewal_and_are_as_it_was_previewed(bench: Bench) -> None:
    bench.start_at("2027-02-01")
    begun = await bench.subscribe()
    # 14 of 28 days are left: 9.00 / 2 back, 27.00 / 2 more; then 27.00 for March.
    await change(bench, begun, second("2027-02-15"), **to_quantity(begun, 3))
    preview = await bench.post("/v1/invoices/create_preview", subscription=begun["id"])
    bench.pass_to(second("2027-03-01") + 60)
    draft = await bench.last_invoice(begun["id"])
    lines = [line["amount"] for line in draft["lines"]["data"]]
    assert lines == [line["amount"] for line in preview["lines"]["data"]] == [2700, -450, 1350]
    assert (draft["status"], draft["total"], preview["total"]) == ("draft", 3600, 3600)
    assert (draft["period_start"], draft["period_end"]) == (preview["period_start"], preview["period_end"])
    bench.pass_time(HOUR)
    assert (await bench.last_invoice(begun["id"]))["amount_paid"] == 3600


async def test_credit_pays_renewals_until_it_is_spent(bench: Bench) -> None:
    bench.start_at("2027-02-01")
    begun = await bench.subscribe(**{"items[0][quantity]": "4"})
    # Half of February for three less: 13.50 of credit.
    down = to_quantity(begun, 1)
    await change(bench, begun, second("2027-02-15"), proration_behavior="always_invoice", **down)
    bench.pass_to(second("2027-04-02"))
    invoices = await bench.invoices(begun["id"])
    assert [each["total"] for each in invoices] == [3600, -1350, 900, 900]
    assert [each["amount_paid"] for each in invoices] == [3600, 0, 0, 450]
    assert [each["ending_balance"] for each in invoices] == [0, -1350, -450, 0]
    assert (await bench.get(f"/v1/customers/{begun['customer']}"))["balance"] == 0


async def test_prorations_are_collected_when_a_subscription_ends_with_its_period(bench: Bench) -> None:
    bench.start_at("2027-02-01")
    begun = await bench.subscribe()
    await change(bench, begun, second("2027-02-15"), **to_quantity(begun, 3))
    await change(bench, begun, cancel_at_period_end="true")
    preview = await bench.post("/v1/invoices/create_preview", subscription=begun["id"])
    bench.pass_to(second("2027-03-02"))
    last = await bench.last_invoice(begun["id"])
    assert [line["amount"] for line in last["lines"]["data"]] == [-450, 1350]
    assert (last["amount_paid"], preview["total"], preview["period_end"]) == (900, 900, second("2027-03-01"))
    assert (await bench.subscription(begun["id"]))["status"] == "canceled"


async def test_invoices_of_changes_heed_a_pause_of_collection(bench: Bench) -> None:
    for behavior, status in (("keep_as_draft", "draft"), ("void", "void"), ("mark_uncollectible", "uncollectible")):
        begun = await bench.subscribe()
        await change(bench, begun, **{"pause_collection[behavior]": behavior})
        params = {"proration_behavior": "always_invoice", **to_quantity(begun, 2)}
        await change(bench, begun, **params)
        assert (await bench.last_invoice(begun["id"]))["status"] == status


async def test_seconds_count(bench: Bench) -> None:
    bench.start_at("2027-02-01")
    begun = await bench.subscribe(**{"items[0][price_data][unit_amount]": "2419200"})
    # A price of a cent a second, for the 2,419,200 seconds of a February.
    begins = begun["items"]["data"][0]["current_period_start"]
    await change(bench, begun, begins + 1, **to_quantity(begun, 2))
    waiting = (await bench.get("/v1/invoiceitems", customer=begun["customer"], pending="true"))["data"]
    assert sorted(item["amount"] for item in waiting) == [-2419199, 4838398]


async def test_a_price_is_for_a_whole_interval_also_while_the_first_period_is_shorter(bench: Bench) -> None:
    for mode in ("flexible", "classic"):
        # A cent a second for a week of 604,800; the cycle begins in a day of 86,400.
        anchor = bench.clock.now() + DAY
        begun = await bench.subscribe(
            **{
                "billing_cycle_anchor": str(anchor),
                "billing_mode[type]": mode,
                "items[0][price_data][recurring][interval]": "week",
                "items[0][price_data][unit_amount]": "604800",
            }
        )
        (first,) = await bench.invoices(begun["id"])
        late = first["total"] - 86400
        await change(bench, begun, anchor - 3600, **to_quantity(begun, 2))
        waiting = (await bench.get("/v1/invoiceitems", customer=begun["customer"], pending="true"))["data"]
        # The machine's own clock may go on by a second or two between the calls.
        assert (sorted(item["amount"] for item in waiting), abs(late) < 10) == ([-3600, 7200], True)
