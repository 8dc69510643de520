"""Events as Stripe sends them, and what the mirror makes of them, for tests."""

import json
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import inbox, mirror
from billing.inbox import Arrival
from billing.mirror import Decision, Known
from billing.stripe_gateway import API_VERSION, Answer, StripeGateway
from billing.tables import (
    Customer,
    Dispute,
    EventSource,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Mandate,
    Payment,
    PaymentMethod,
    Refund,
    SetupIntent,
    SetupSession,
    StripeObject,
    Subscription,
    SubscriptionItem,
    new_id,
)

# Of mirrored rows: what is random, or tells how they were learned and not what they say.
INCIDENTAL = {"id", "invoice_id", "states", "event_id", "event_type", "refresh_at", "succeeded_at"}
LEARNED: list[type[SQLModel]] = [
    Customer,
    SetupIntent,
    SetupSession,
    PaymentMethod,
    Mandate,
    Subscription,
    SubscriptionItem,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Payment,
    Dispute,
    Refund,
    StripeObject,
]


def an_event(
    type: str,
    data: dict[str, Any],
    second: int,
    *,
    previous: dict[str, Any] | None = None,
    api_version: str = API_VERSION,
) -> dict[str, Any]:
    """The body of an event; its snapshot is as `data` is now."""
    told = {"object": json.loads(json.dumps(data))}
    if previous is not None:
        told["previous_attributes"] = previous
    return {
        "id": f"evt_{new_id().hex}",
        "object": "event",
        "type": type,
        "created": second,
        "livemode": False,
        "api_version": api_version,
        "data": told,
    }


async def events_about(gateway: StripeGateway, *stripe_ids: str) -> list[dict[str, Any]]:
    """What the sandbox told of these objects, oldest first."""
    listed = await gateway.list_all("/v1/events")
    return [event for event in reversed(listed) if event["data"]["object"].get("id") in stripe_ids]


async def learn(session: AsyncSession, event: dict[str, Any], now: datetime) -> Decision:
    """As the applier does it, once."""
    known = Known(
        event["created"], event["created"], event["id"], event["type"], event["data"].get("previous_attributes")
    )
    return (await mirror.learn(session, event["data"]["object"], known, now=now)).decision


async def learn_all(
    session: AsyncSession, events: Iterable[dict[str, Any]], truth: dict[str, Answer], now: datetime
) -> int:
    """Learns the events in this order; `truth`, by object, settles what that leaves unclear. How many those were."""
    unclear: list[dict[str, Any]] = []
    for event in events:
        waiting = [*unclear, event]
        while waiting:
            unclear = [each for each in waiting if await learn(session, each, now) is Decision.READ]
            if len(unclear) in (0, len(waiting)):
                break
            waiting = unclear
    for stripe_id in sorted({each["data"]["object"]["id"] for each in unclear}):
        await mirror.record(session, truth[stripe_id], now=now)
    return len(unclear)


async def store(session: AsyncSession, events: Iterable[dict[str, Any]], now: datetime) -> list[Arrival]:
    """Puts the events into the inbox, as their deliveries would."""
    rows = [inbox.new_event(event, json.dumps(event), source=EventSource.WEBHOOK, now=now) for event in events]
    await inbox.insert(await session.connection(), rows)
    return rows


async def snapshot(session: AsyncSession, *, but: AbstractSet[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """Every mirrored row, without what is incidental."""
    return {table.__name__: await _rows(session, table, {*INCIDENTAL, *but}) for table in LEARNED}


async def _rows(session: AsyncSession, table: type[SQLModel], but: set[str]) -> list[dict[str, Any]]:
    found = (await session.exec(select(table).execution_options(populate_existing=True))).all()
    dumped = [row.model_dump(exclude=but) for row in found]
    return sorted(dumped, key=lambda row: str(row["stripe_id"]))
