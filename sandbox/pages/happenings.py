"""The part of the sandbox's own page on which a person makes things happen: time, failing payments, bad weather."""

import calendar
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.core import Sandbox
from sandbox.resources import planned_failures
from sandbox.settings import AFTER_RETRIES
from sandbox.test_cards import OUTCOMES
from sandbox.weather import FOR_DELIVERIES, FOR_REQUESTS
from sandbox.work import Work

HOUR, DAY = 3600, 24 * 3600
STEPS = (("+1 hour", HOUR), ("+1 day", DAY), ("+1 week", 7 * DAY))
REQUESTS: Mapping[str, str] = dict(
    zip(
        FOR_REQUESTS,
        (
            "429: rate limit",
            "429: object locked",
            "500: server error",
            "close the connection",
            "answer nothing for a while",
            "403: no permission",
        ),
        strict=True,
    )
)
DELIVERIES: Mapping[str, str] = dict(
    zip(
        FOR_DELIVERIES,
        ("never send, as failed", "never send, as delivered", "send late", "send twice", "shuffle"),
        strict=True,
    )
)


def context(work: Work) -> dict[str, Any]:
    """What the templates need for it."""
    now = datetime.fromtimestamp(work.now, UTC)
    return {
        "now": work.now,
        "now_field": f"{now:%Y-%m-%dT%H:%M}",
        "ahead": span(work.sandbox.clock.ahead),
        "steps": STEPS,
        "next_month": int(in_a_month(now).timestamp()),
        "decline_codes": tuple(OUTCOMES),
        "planned": [plan(each) for each in planned_failures.listed(work)],
        "request_weather": REQUESTS,
        "delivery_weather": DELIVERIES,
        "dashboard": dashboard(work.sandbox),
        "weather": weather(work),
    }


def dashboard(sandbox: Sandbox) -> dict[str, Any]:
    """What is set there now, and what may be chosen."""
    choices = {"card,amazon_pay": "Cards and Amazon Pay", "card": "Cards only", "amazon_pay": "Amazon Pay only"}
    return {
        "methods": ",".join(sandbox.methods),
        "method_choices": choices,
        "retries": ",".join(map(str, sandbox.billing.retries)),
        "after_retries": sandbox.billing.after_retries,
        "after_choices": {each: each.replace("_", " ") for each in AFTER_RETRIES},
    }


def in_a_month(now: datetime) -> datetime:
    """The same day of the next month, or its last."""
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return now.replace(year=year, month=month, day=min(now.day, calendar.monthrange(year, month)[1]))


def span(seconds: float) -> str:
    """A length of time as people say it; empty for less than a minute."""
    minutes = round(seconds / 60)
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    return " ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in parts if count)


def plan(planned: Mapping[str, Any]) -> str:
    """A planned failure in words."""
    times = "payment" if planned["times"] == 1 else f"{planned['times']} payments"
    whose = planned["payment_method"] or planned["customer"]
    reason = f" with {planned['reason']}" if planned["reason"] else ""
    return f"The next {times}{f' of {whose}' if whose else ''} will fail{reason}."


def weather(work: Work) -> list[str]:
    """The weather that can still strike, in words."""
    shown = work.sandbox.weather.shown()
    requests = [f"{each['method']} {each['path']}: {REQUESTS[each['what']]}{often(each)}" for each in shown["requests"]]
    return requests + [f"{each['events']}: {DELIVERIES[each['what']]}{often(each)}" for each in shown["deliveries"]]


def often(spell: Mapping[str, Any]) -> str:
    """How often it strikes, in words."""
    rate = f", {spell['rate']:.0%} of them" if spell["rate"] < 1 else ""
    times = {None: "", 1: ", once"}.get(spell["times"], f", {spell['times']} times")
    return rate + times
