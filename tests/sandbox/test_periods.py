from datetime import UTC, datetime

import pytest

from sandbox.resources.subscriptions import periods


@pytest.mark.parametrize(
    ("anchor", "interval", "count", "ends"),
    [
        ("2026-01-31", "month", 1, ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2024-02-29", "year", 1, ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("2026-11-30", "month", 3, ["2027-02-28", "2027-05-30"]),
        ("2026-12-28", "week", 1, ["2027-01-04"]),
        ("2026-12-30", "day", 3, ["2027-01-02"]),
    ],
)
def test_periods_keep_to_the_day_they_began_on(anchor: str, interval: str, count: int, ends: list[str]) -> None:
    def moment(day: str) -> int:
        return int(datetime.fromisoformat(day).replace(hour=15, tzinfo=UTC).timestamp())

    start = moment(anchor)
    for end in ends:
        start = periods.end_of(moment(anchor), start, interval, count)
        assert start == moment(end)
