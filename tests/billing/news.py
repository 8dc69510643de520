"""News of objects, for the tests of deciding."""

from dataclasses import replace
from typing import Any

from billing.mirror.deciding import Decision, Stored, Verdict, decide
from billing.mirror.news import Known, News

APPLY, TRUST, SKIP, READ = Decision.APPLY, Decision.TRUST, Decision.SKIP, Decision.READ


def customer(name: str | None) -> dict[str, Any]:
    return {"id": "cus_1", "object": "customer", "name": name, "metadata": {}}


def event(
    data: dict[str, Any], second: int, type: str, previous: dict[str, Any] | None = None, id: str | None = None
) -> News:
    known = Known(second, second, id or f"evt_{type}_{second}_{data}", type, previous)
    return News.of(data, previous, known)


def update(before: str, after: str, second: int = 100, id: str | None = None) -> News:
    return event(customer(after), second, "customer.updated", {"name": before}, id or f"evt_{before}{after}")


def store(news: News, stored: Stored | None = None, verdict: Verdict | None = None) -> Stored:
    verdict = verdict or decide(stored, news)
    if stored is not None and verdict.decision in (SKIP, READ):
        return replace(stored, states=verdict.states)
    known = news.known
    return Stored(
        news.data,
        known.known_from,
        known.known_until,
        verdict.states,
        known.event_id,
        known.event_type,
        news.is_deletion,
    )


def decision(stored: News, *news: News) -> Decision:
    """What the last of the news come to after all before them."""
    known = store(stored)
    for each in news[:-1]:
        known = store(each, known)
    return decide(known, news[-1]).decision
