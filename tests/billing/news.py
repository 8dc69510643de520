"""News of objects, for the tests of deciding."""

from dataclasses import replace
from typing import Any

from billing.mirror.deciding import Decision, Stored, Verdict, decide, seconds
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
    """What is stored after the verdict, as the mirror writes it."""
    verdict = verdict or decide(stored, news)
    if stored is not None and verdict.decision in (SKIP, READ):
        return replace(stored, states=verdict.states)
    return Stored(
        stored.data if stored and news.is_stub else news.data,
        *seconds(stored, news),
        verdict.states,
        news.known.event_id,
        news.known.event_type,
        deleted=news.is_deletion,
        doubted=verdict.doubted,
    )


def decision(stored: News, *news: News) -> Decision:
    """What the last of the news come to after all before them."""
    return decide(after(stored, *news[:-1]), news[-1]).decision


def after(*news: News) -> Stored:
    """What is stored after them."""
    known = store(news[0])
    for each in news[1:]:
        known = store(each, known)
    return known
