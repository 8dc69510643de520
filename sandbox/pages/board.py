"""The sandbox's own page: what it holds, what it has told whom, and each object as JSON."""

import json
import sqlite3
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.core import Sandbox
from sandbox.pages import happenings
from sandbox.pages.render import HEADERS, notice, page
from sandbox.pages.sections import SECTIONS, Section
from sandbox.test_cards import TEST_CARDS
from sandbox.wire import contract
from sandbox.work import Object, Work

LATEST = 8
"""How many objects of a kind the page shows."""
LATEST_EVENTS = 20


def show_board(sandbox: Sandbox, _request: Request) -> Response:
    """What this sandbox is and holds, newest first."""
    with sandbox.work() as work:
        context = {
            "api_base": sandbox.settings.base_url,
            "api_version": contract.VERSION,
            "webhook_urls": [each["url"] for each in work.select("webhook_endpoint")],
            **happenings.context(work),
            "sections": [section(work, each) for each in SECTIONS],
            "event_count": count(work, "event"),
            "events": [event(work, each) for each in latest(work, "event", LATEST_EVENTS)],
            "test_cards": TEST_CARDS,
        }
    return page("home.html", context)


def section(work: Work, shown: Section) -> dict[str, Any]:
    """One kind of object: how many there are, and the latest of them."""
    rows = [
        {
            "id": each["id"],
            "text": shown.text(work, each),
            "status": each.get("status"),
            "page": shown.page(work, each),
            "actions": shown.actions(each),
        }
        for each in latest(work, shown.kind, LATEST)
    ]
    return {
        "key": shown.kind.replace(".", "_"),
        "title": shown.title,
        "column": shown.column,
        "count": count(work, shown.kind),
        "has_status": any(row["status"] for row in rows),
        "rows": rows,
    }


def latest(work: Work, kind: str, most: int) -> list[Object]:
    """The newest objects of a kind."""
    return work.select(kind, sql="ORDER BY seq DESC LIMIT ?", values=(most,))


def count(work: Work, kind: str) -> int:
    """How many objects of a kind there are, deleted ones aside."""
    query = "SELECT count(*) FROM objects WHERE object = ? AND NOT deleted"
    return int(work.connection.execute(query, (kind,)).fetchone()[0])


def event(work: Work, sent: Object) -> dict[str, Any]:
    """An event as the page lists it, with what became of its deliveries."""
    query = "SELECT attempts, due, delivered, last_answer FROM deliveries WHERE event = ?"
    state, detail = delivery(work.connection.execute(query, (sent["id"],)).fetchall())
    return {
        "id": sent["id"],
        "type": sent["type"],
        "object_id": sent["data"]["object"].get("id"),
        "created": sent["created"],
        "delivery": state,
        "detail": detail,
    }


def delivery(attempts: list[sqlite3.Row]) -> tuple[str, str]:
    """One word for the deliveries of an event, the worst of them if there are several, and a detail."""
    open_ones = [each for each in attempts if not each["delivered"]]
    if not attempts:
        return "not sent", "no endpoint listens"
    if not open_ones:
        return "delivered", ""
    worst = max(open_ones, key=lambda each: (each["due"] is None, each["attempts"]))
    answer = f"attempt {worst['attempts']}: {worst['last_answer']}"
    if worst["due"] is None:
        return "failed", answer
    return ("retrying", answer) if worst["attempts"] else ("pending", "")


def show_object(sandbox: Sandbox, request: Request) -> Response:
    """The JSON of any object or event, as the API would give it unexpanded."""
    with sandbox.work() as work:
        row = work.connection.execute("SELECT body FROM objects WHERE id = ?", (request.path_params["id"],)).fetchone()
    if row is None:
        return notice("There is no such object", "It may have been made in another sandbox.", status=404)
    text = json.dumps(json.loads(row["body"]), indent=2, ensure_ascii=False)
    return Response(text, media_type="application/json", headers=dict(HEADERS))
