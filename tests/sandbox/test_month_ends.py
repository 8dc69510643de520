"""Periods keep to the day on which they began, however short a month is."""

from itertools import pairwise

import pytest

from tests.sandbox.bench import Bench, day, period, second

MONTHS = [
    ("2027-01-31", ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]),
    ("2028-01-30", ["2028-02-29", "2028-03-30"]),
    ("2027-12-31", ["2028-01-31", "2028-02-29", "2028-03-31"]),
    ("2027-11-15", ["2027-12-15", "2028-01-15"]),
]
YEARS = [("2028-02-29", ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"])]


@pytest.mark.parametrize(
    ("start", "ends", "interval"),
    [(start, ends, "month") for start, ends in MONTHS] + [(start, ends, "year") for start, ends in YEARS],
)
async def test_each_period_ends_on_the_day_of_the_anchor(
    bench: Bench, start: str, ends: list[str], interval: str
) -> None:
    bench.start_at(f"{start}T15:45")
    begun = await bench.subscribe(**{"items[0][price_data][recurring][interval]": interval})
    assert period(begun) == (start, ends[0])
    for end, following in pairwise(ends):
        bench.pass_to(second(f"{end}T15:45"))
        renewed = await bench.subscription(begun["id"])
        assert period(renewed) == (end, following)
        assert renewed["billing_cycle_anchor"] == begun["billing_cycle_anchor"]
        assert day((await bench.last_invoice(begun["id"]))["created"]) == end


async def test_several_months_at_a_time_keep_the_day_as_well(bench: Bench) -> None:
    bench.start_at("2027-08-31T00:00")
    begun = await bench.subscribe(**{"items[0][price_data][recurring][interval_count]": "3"})
    assert period(begun) == ("2027-08-31", "2027-11-30")
    bench.pass_to(second("2027-11-30"))
    assert period(await bench.subscription(begun["id"])) == ("2027-11-30", "2028-02-29")
    bench.pass_to(second("2028-02-29"))
    assert period(await bench.subscription(begun["id"])) == ("2028-02-29", "2028-05-31")


async def test_the_anchor_of_a_trial_is_its_end(bench: Bench) -> None:
    bench.start_at("2027-01-17T09:00")
    begun = await bench.subscribe(trial_period_days="14")
    bench.pass_to(second("2027-01-31T09:00"))
    assert period(await bench.subscription(begun["id"])) == ("2027-01-31", "2027-02-28")
    bench.pass_to(second("2027-02-28T09:00"))
    assert period(await bench.subscription(begun["id"])) == ("2027-02-28", "2027-03-31")
