"""The sweep over Stripe's own list of events: what was never delivered, or lost here, is stored after all.

Stripe lists the newest first and gives each page by the event before it, so what happens meanwhile appears above and
moves nothing; it is found by the next sweep, which begins an hour before the end of the last one. The list is not
narrowed to types: of a small account's events one call a sweep is all, where naming 55 types takes three, and Stripe
counts reads (STRIPE.md 3.3).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Self

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import inbox, installation, signals
from billing.errors import StripeRejected
from billing.inbox import Arrival, EventRefused
from billing.metrics import EVENTS_SWEPT
from billing.mirror import SUBSCRIBED_EVENTS
from billing.recovery import walks
from billing.recovery.frugal import frugal
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, JSONObject
from billing.tables import EventSource, StripeEvent, Walk

log = structlog.get_logger()

EVENTS = "events"
OVERLAP = timedelta(hours=1)
# https://docs.stripe.com/api/events/list: for so long Stripe keeps them.
REACH = timedelta(days=30)
# Between our clock and Stripe's.
SKEW = timedelta(minutes=5)
PAGE = 100


@dataclass
class Place:
    """Seconds by Stripe's clock.

    What happened from `since` on is ours to know; all before `until` has been compared. While a sweep is under way it
    goes down from `top` to `bottom`, and `after` is the last event that it has seen.
    """

    since: int
    until: int
    top: int | None = None
    bottom: int | None = None
    after: str | None = None

    @classmethod
    def load(cls, data: JSONObject) -> Self | None:
        """From what was saved; None before the first sweep."""
        return cls(**data) if data else None

    def begin(self, now: datetime) -> None:
        """Goes on with a sweep that was broken off, or begins the next."""
        if self.bottom is None:
            reach = int((now - REACH).timestamp())
            self.bottom = max(self.since, self.until - int(OVERLAP.total_seconds()), reach)

    def end(self) -> None:
        """All of it was seen."""
        self.until = self.until if self.top is None else self.top
        self.again()

    def again(self) -> None:
        """Forgets how far the current sweep has come."""
        self.top = self.bottom = self.after = None


@dataclass
class Swept:
    """What a sweep has found."""

    stored: int = 0
    types: dict[str, int] = field(default_factory=dict)


async def sweep_events(runtime: Runtime) -> int:
    """Stores the events of the last hour, and of all the time that no sweep has seen, which the inbox lacks.

    How many. Does nothing before the sweep is due, or while another process is at it. Raises what
    `StripeGateway.get` raises; what was stored by then stays, and the next sweep goes on there.
    """
    now = runtime.clock()
    async with runtime.database.read() as session:
        if not await walks.is_due(session, EVENTS, now):
            return 0
    async with runtime.database.transaction() as session:
        walk = await walks.take(session, EVENTS, now)
        if walk is None:
            return 0
        place = Place.load(walk.place) or await _first(session, now)
    async with walks.holding(runtime, walk, rest=runtime.sweep_every):
        return await _sweep(frugal(runtime), walk, place)


async def _first(session: AsyncSession, now: datetime) -> Place:
    """The first sweep looks back to when this database first met the account, which in a new one is now."""
    stamp = await installation.find(session)
    since = int(((stamp.created_at if stamp else now) - SKEW).timestamp())
    return Place(since=since, until=since)


async def _sweep(runtime: Runtime, walk: Walk, place: Place) -> int:
    place.begin(runtime.clock())
    found, has_more = Swept(), True
    while has_more:
        page = await _page(runtime, place)
        if page is None:
            continue
        place.top = place.top or page.known_from
        has_more = page.data["has_more"]
        if events := page.data["data"]:
            place.after = events[-1]["id"]
        if not has_more:
            place.end()
        async with runtime.database.transaction() as session:
            await _store(session, events, found, runtime.clock())
            await runtime.signals.announce(session, signals.EVENTS)
            await walks.save(session, walk, runtime.clock() + walks.LEASE, place=asdict(place))
    if found.stored:
        log.warning("deliveries were lost; the sweep found them", events=found.stored, types=found.types)
    return found.stored


async def _page(runtime: Runtime, place: Place) -> Answer | None:
    """None where Stripe no longer has the event that the page was to follow: then the sweep begins anew."""
    after = {"starting_after": place.after} if place.after else {}
    try:
        return await runtime.gateway.get("/v1/events", limit=PAGE, created={"gte": place.bottom}, **after)
    except StripeRejected as refusal:
        if place.after is None or refusal.code != "resource_missing":
            raise
    place.again()
    place.begin(runtime.clock())
    return None


async def _store(session: AsyncSession, events: Sequence[JSONObject], found: Swept, now: datetime) -> None:
    wanted = {each["id"]: each for each in events if each["type"] in SUBSCRIBED_EVENTS}
    known = select(StripeEvent.stripe_id).where(col(StripeEvent.stripe_id).in_(wanted))
    for stripe_id in (await session.exec(known)).all():
        del wanted[stripe_id]
    rows = [row for each in wanted.values() if (row := _row(each, now)) is not None]
    if rows:
        await inbox.insert(await session.connection(), rows)
    for row in rows:
        EVENTS_SWEPT.labels(row.type).inc()
        found.stored += 1
        found.types[row.type] = found.types.get(row.type, 0) + 1


def _row(event: JSONObject, now: datetime) -> Arrival | None:
    text = json.dumps(event, separators=(",", ":"))
    try:
        return inbox.new_event(event, text, source=EventSource.SWEEP, now=now)
    except EventRefused as reason:  # one that is not as Stripe's are must not keep the others from being stored
        log.warning("event not stored", stripe_event=event.get("id"), reason=str(reason))
        return None
