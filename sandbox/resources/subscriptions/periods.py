"""When the periods of a subscription begin and end."""

import calendar
from datetime import UTC, datetime, timedelta

from sandbox.work import Object

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}
LONGEST = {"day": 86400, "week": 7 * 86400, "month": 31 * 86400, "year": 366 * 86400}
"""Seconds that an interval has at most."""


def following(subscription: Object, item: Object, start: int) -> int:
    """The end of the item's period that starts then."""
    recurring = item["price"]["recurring"]
    return end_of(subscription["billing_cycle_anchor"], start, recurring["interval"], recurring["interval_count"])


def beginning(subscription: Object, item: Object, moment: int) -> int:
    """When the item's period began that lasts at that moment."""
    recurring = item["price"]["recurring"]
    anchor, interval, count = subscription["billing_cycle_anchor"], recurring["interval"], recurring["interval_count"]
    return boundary(anchor, interval, count * (_periods_before(anchor, moment, interval, count) - 1))


def whole_start(subscription: Object, item: Object) -> int:
    """Where the whole interval begins that the item's period is the end of: sooner than a period that was cut off.

    A price is for a whole interval, so that is what parts of it are reckoned from.
    """
    start, end = int(item["current_period_start"]), int(item["current_period_end"])
    whole = beginning(subscription, item, end - 1)
    return min(start, whole) if following(subscription, item, whole) == end else start


def end_of(anchor: int, start: int, interval: str, count: int) -> int:
    """The first boundary after `start`.

    Boundaries are whole intervals from the anchor, so that the 31st comes back after a shorter month.
    """
    return boundary(anchor, interval, count * _periods_before(anchor, start, interval, count))


def _periods_before(anchor: int, start: int, interval: str, count: int) -> int:
    """How many periods after the anchor the first boundary after `start` is."""
    number = max(0, int((start - anchor) / (LONGEST[interval] * count)))
    while boundary(anchor, interval, count * number) <= start:
        number += 1
    return number


def boundary(anchor: int, interval: str, number: int) -> int:
    """That many intervals after the anchor, in UTC; a day that a month lacks is its last one."""
    moment = datetime.fromtimestamp(anchor, UTC)
    if interval in DAYS:
        return int((moment + timedelta(days=DAYS[interval] * number)).timestamp())
    months = moment.year * 12 + moment.month - 1 + MONTHS[interval] * number
    year, month = divmod(months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())
