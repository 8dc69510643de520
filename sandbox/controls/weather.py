"""Bad weather, begun and cleared."""

from typing import Any

from sandbox.controls.control import Control
from sandbox.controls.fields import Fields
from sandbox.weather import FOR_DELIVERIES, FOR_REQUESTS, DeliverySpell, RequestSpell
from sandbox.work import Object, Work

MOST = 1_000_000
LONGEST = 7 * 24 * 3600.0
TIMEOUT, LATE = 30.0, 2.0
"""Seconds that a timeout takes, and that a delivery is late, unless told otherwise."""


def spoil_requests(work: Work, fields: Fields) -> Object:
    """For API requests of a `method` and `path`: `what` they meet, how often (`times`), at which `rate`."""
    spell = RequestSpell(
        what=fields.choice("what", FOR_REQUESTS),
        method=fields.text("method", "*").upper(),
        path=fields.text("path", "*"),
        done=fields.truth("done", default=False),
        should_retry=fields.truth("should_retry", default=False) if fields.has("should_retry") else None,
        seconds=fields.number("seconds", TIMEOUT, 0.0, LONGEST),
        **_how_often(fields),
    )
    fields.refuse_others()
    return work.sandbox.weather.requests.add(spell).shown()


def spoil_deliveries(work: Work, fields: Fields) -> Object:
    """For deliveries of `events` of a type: `what` becomes of them, how often (`times`), at which `rate`."""
    spell = DeliverySpell(
        what=fields.choice("what", FOR_DELIVERIES),
        events=fields.text("events", "*"),
        seconds=fields.number("seconds", LATE, 0.0, LONGEST),
        **_how_often(fields),
    )
    fields.refuse_others()
    return work.sandbox.weather.deliveries.add(spell).shown()


def show(work: Work, _fields: Fields) -> Object:
    """The weather that can still strike."""
    return work.sandbox.weather.shown()


def clear(work: Work, fields: Fields) -> Object:
    """Fair weather again."""
    fields.refuse_others()
    work.sandbox.weather.clear()
    return work.sandbox.weather.shown()


def _how_often(fields: Fields) -> dict[str, Any]:
    """Once unless `times` or a `rate` is given; a rate alone has no end."""
    times: int | None = fields.integer("times", 1, 1, MOST)
    if fields.has("rate") and not fields.has("times"):
        times = None
    return {
        "times": times,
        "rate": fields.number("rate", 1.0, 0.0, 1.0),
        "seed": fields.integer("seed", 0, 0, MOST),
    }


CONTROLS = (
    Control("weather/requests", spoil_requests),
    Control("weather/deliveries", spoil_deliveries),
    Control("weather", show, "GET"),
    Control("weather", clear, "DELETE"),
    Control("weather/clear", clear),
)
