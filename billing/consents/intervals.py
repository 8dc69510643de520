"""Intervals of billing, compared: whether a price ever asks twice within what a consent calls once."""

from calendar import monthrange
from functools import cache

from billing.tables import IntervalUnit

MONTHS = {IntervalUnit.MONTH: 1, IntervalUnit.YEAR: 12}
DAYS = {IntervalUnit.DAY: 1, IntervalUnit.WEEK: 7}

# https://docs.stripe.com/api/prices/create#create_price-recurring-interval_count: three years.
LONGEST = {IntervalUnit.DAY: 1095, IntervalUnit.WEEK: 156, IntervalUnit.MONTH: 36, IntervalUnit.YEAR: 3}

# Any start in four years that hold one leap day; no interval is long enough to tell centuries apart.
FIRST_YEAR, YEARS = 2025, 4


def at_most_once(charged: tuple[str, int], allowed: tuple[str, int]) -> bool:
    """Whether what is charged every `charged` never falls twice within one `allowed`. Both are (unit, count).

    Days and weeks compare exactly, so do months and years. Between the two the worst case decides: a monthly charge may
    come after 28 days, and a monthly consent may have to last 31.
    """
    if (charged[0] in MONTHS) == (allowed[0] in MONTHS):
        return _size(charged) >= _size(allowed)
    if charged[0] in MONTHS:
        return _span(_size(charged))[0] >= _size(allowed)
    return _size(charged) >= _span(_size(allowed))[1]


def _size(interval: tuple[str, int]) -> int:
    """In months where the unit is one of the calendar, else in days."""
    unit, count = IntervalUnit(interval[0]), interval[1]
    return (MONTHS | DAYS)[unit] * count


@cache
def _span(months: int) -> tuple[int, int]:
    """The fewest and the most days that so many months in a row can have.

    Anchors at a month's end (31 January, 28 February, 31 March) stay within the same bounds.
    """
    lengths = [monthrange(FIRST_YEAR + at // 12, at % 12 + 1)[1] for at in range(12 * YEARS)]
    spans = [sum(lengths[(start + step) % len(lengths)] for step in range(months)) for start in range(len(lengths))]
    return min(spans), max(spans)
