"""One event of Stripe's, followed through the log: taken, applied, and which rows it wrote."""

import json
from typing import Any

from tests.journey.walking import Journey
from tests.running_assent import RunningAssent, eventually


def lines(assent: RunningAssent) -> list[dict[str, Any]]:
    return [json.loads(line) for line in assent.log.splitlines() if line.startswith("{")]


def test_every_line_about_an_event_names_it(journey: Journey, assent: RunningAssent) -> None:
    journey.begin()
    journey.save_card()
    applied = eventually(lambda: next((it for it in lines(assent) if is_applied(it)), None))
    about = [it for it in lines(assent) if applied["stripe_event"] in it.get("stripe_event", "")]
    steps = [it["event"] for it in about]
    assert {"request", "events taken", "event applied"} <= set(steps)
    request = next(it for it in about if it["event"] == "request")
    assert (request["route"], request["status"], request["type"]) == ("/webhooks/stripe", 200, applied["type"])
    assert request["request_id"]
    assert any(row.startswith("setup_session_") for row in applied["rows"])
    calls = (it for it in lines(assent) if it["event"] == "stripe call")
    call = next(it for it in calls if it.get("mutation") == "createSetupSession")
    assert call["operation"]
    assert call["endpoint"] == "/v1/checkout/sessions"
    assert call["stripe_request"].startswith("req_")


def is_applied(line: dict[str, Any]) -> bool:
    return bool(line["event"] == "event applied" and line["type"] == "checkout.session.completed")
