"""What the tests of the applier do again and again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import (
    Product,
    StripeEvent,
)
from tests.billing import stripe_objects
from tests.billing.stripe_events import an_event, store

LATER = timedelta(seconds=30)


def soon(runtime: Runtime) -> datetime:
    """When every second of now is over, by any clock."""
    return runtime.clock() + LATER


async def put(runtime: Runtime, *events: dict[str, Any]) -> list[UUID]:
    async with runtime.database.transaction() as session:
        return [row.id for row in await store(session, events, runtime.clock())]


async def statuses(runtime: Runtime) -> dict[str, str]:
    return {event.stripe_id: event.status for event in await events_of(runtime)}


async def events_of(runtime: Runtime) -> Sequence[StripeEvent]:
    async with runtime.database.read() as session:
        return (await session.exec(select(StripeEvent).order_by(col(StripeEvent.id)))).all()


async def a_product_at_stripe(runtime: Runtime, name: str = "Plan") -> dict[str, Any]:
    made = await runtime.gateway.send(Request("post", "/v1/products", {"name": name}))
    return made.data


async def name_of(runtime: Runtime, stripe_id: str) -> str:
    async with runtime.database.read() as session:
        return (await session.exec(select(Product.name).where(Product.stripe_id == stripe_id))).one()


def a_product(second: int, name: str, *, before: str | None = None, id: str = "prod_1") -> dict[str, Any]:
    type = "product.updated" if before else "product.created"
    previous = {"name": before} if before else None
    return an_event(type, stripe_objects.product(id, name=name), second, previous=previous)
