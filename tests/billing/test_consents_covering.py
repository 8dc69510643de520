"""What a scope covers, beside a plain reading of it."""

from calendar import monthrange
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.consents.coverage import covers
from billing.consents.intervals import at_most_once
from billing.errors import Scope

FITS = [
    (("month", 1), ("month", 1)),
    (("year", 1), ("month", 1)),
    (("year", 1), ("month", 12)),
    (("month", 12), ("year", 1)),
    (("month", 3), ("month", 2)),
    (("week", 1), ("day", 7)),
    (("day", 14), ("week", 2)),
    (("day", 31), ("month", 1)),
    (("month", 1), ("week", 4)),
    (("year", 1), ("day", 365)),
    (("month", 2), ("day", 59)),
    (("day", 366), ("year", 1)),
]


DOES_NOT_FIT = [
    (("month", 1), ("year", 1)),
    (("month", 11), ("year", 1)),
    (("week", 1), ("month", 1)),
    (("day", 30), ("month", 1)),
    (("week", 4), ("month", 1)),
    (("month", 1), ("day", 29)),
    (("day", 365), ("year", 1)),
    (("year", 1), ("day", 366)),
    (("day", 6), ("week", 1)),
    (("month", 2), ("day", 60)),
]


@pytest.mark.parametrize(("charged", "allowed"), FITS)
def test_a_price_that_never_falls_due_twice_in_the_interval_fits(
    charged: tuple[str, int], allowed: tuple[str, int]
) -> None:
    assert at_most_once(charged, allowed)


@pytest.mark.parametrize(("charged", "allowed"), DOES_NOT_FIT)
def test_a_price_that_may_fall_due_twice_in_the_interval_does_not_fit(
    charged: tuple[str, int], allowed: tuple[str, int]
) -> None:
    assert not at_most_once(charged, allowed)


UNITS = st.sampled_from(["day", "week", "month", "year"])


INTERVALS = st.tuples(UNITS, st.integers(1, 36)).filter(lambda it: it[0] != "year" or it[1] <= 3)


def due(anchor: date, interval: tuple[str, int], times: int) -> date:
    """When Stripe charges: counted from the anchor, so that the 31st comes back after February."""
    unit, count = interval[0], interval[1] * times
    if unit in ("day", "week"):
        return anchor + timedelta(days=count * (7 if unit == "week" else 1))
    month = anchor.year * 12 + anchor.month - 1 + count * (12 if unit == "year" else 1)
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


@given(
    charged=INTERVALS, allowed=INTERVALS, anchor=st.dates(date(2024, 1, 1), date(2031, 12, 31)), start=st.integers(0, 3)
)
def test_what_fits_is_never_charged_twice_in_an_interval_on_the_calendar(
    charged: tuple[str, int], allowed: tuple[str, int], anchor: date, start: int
) -> None:
    """An interval of the consent begins at a charge; the next charge comes when it is over, or later."""
    if at_most_once(charged, allowed):
        first, second = due(anchor, charged, start), due(anchor, charged, start + 1)
        if allowed[0] in ("day", "week") or charged[0] in ("day", "week"):
            assert second >= due(first, allowed, 1)
        else:
            assert due(anchor, charged, 1) >= due(anchor, allowed, 1)


AMOUNTS = st.none() | st.integers(1, 3000)


PRODUCTS = st.none() | st.lists(st.sampled_from([UUID(int=each) for each in range(3)]), min_size=1, unique=True).map(
    tuple
)


SCOPES = st.builds(
    Scope,
    usage=st.sampled_from(["RECURRING", "UNSCHEDULED"]),
    interval_unit=st.sampled_from(["month", "year"]),
    interval_count=st.integers(1, 3),
    currency=st.none() | st.sampled_from(["USD", "EUR"]),
    maximum_amount=AMOUNTS,
    monthly_maximum=AMOUNTS,
    product_ids=PRODUCTS,
)


def plainly_covers(allowed: Scope, needed: Scope) -> bool:
    """The rule as one would say it, one limit after the other."""
    months = {"month": 1, "year": 12}
    if needed.usage != allowed.usage:
        return False
    if allowed.currency is not None and needed.currency != allowed.currency:
        return False
    for limit in (allowed.maximum_amount, allowed.monthly_maximum):
        if limit is not None and (needed.maximum_amount is None or needed.maximum_amount > limit):
            return False
    if allowed.product_ids is not None:
        if needed.product_ids is None:
            return False
        for product in needed.product_ids:
            if product not in allowed.product_ids:
                return False
    size = [(each.interval_count or 0) * months[each.interval_unit or ""] for each in (allowed, needed)]
    return size[1] >= size[0]


@given(allowed=SCOPES, needed=SCOPES)
def test_covering_is_what_a_plain_reading_of_the_scope_says(allowed: Scope, needed: Scope) -> None:
    assert covers(allowed, needed) == plainly_covers(allowed, needed)


@given(scope=SCOPES.filter(lambda it: it.currency and it.maximum_amount and it.product_ids))
def test_a_consent_for_exactly_what_was_required_covers_it(scope: Scope) -> None:
    wider = Scope(**{**scope.__dict__, "monthly_maximum": None})
    assert covers(wider, wider)
