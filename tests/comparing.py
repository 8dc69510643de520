"""Comparing the mirror with Stripe itself: every object there, and what is known and derived of it here."""

from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror import Known
from billing.mirror.expanding import split
from billing.mirror.kinds import KINDS, address
from billing.mirror.news import News
from billing.mirror.owners import find_owner
from billing.mirror.rows import find_row
from billing.mirror.scrubbing import scrub_object
from billing.mirror.states import digest
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import InvoiceLine, Row, StripeObject, SubscriptionItem

JSONObject = dict[str, Any]

# Of these Stripe has no list that is not a customer's own.
UNLISTED = ("payment_method", "mandate")
EVERY = {"subscription": {"status": "all"}}
AT_ONCE = 200


class Undo(Exception):
    """What was derived is not to be kept."""


async def differences(runtime: Runtime, *, types: Iterable[str] = tuple(KINDS)) -> list[str]:
    """A line for each object that is unknown here, known otherwise, or whose row says something else."""
    found: list[str] = []
    for type in types:
        page: list[JSONObject] = []
        async for each in _objects(runtime, type):
            page.append(each)
            if len(page) == AT_ONCE:
                found += await _compare(runtime, page)
                page = []
        found += await _compare(runtime, page)
    return found


async def _objects(runtime: Runtime, type: str) -> AsyncIterator[JSONObject]:
    if type not in UNLISTED:
        for each in await _listed(runtime.gateway, type):
            yield each
        return
    async with runtime.database.read() as session:
        known = select(StripeObject.stripe_id).where(StripeObject.type == type)
        ids = (await session.exec(known)).all()
    for stripe_id in ids:
        yield (await runtime.gateway.get(address(stripe_id, type))).data


async def _listed(gateway: StripeGateway, type: str) -> list[JSONObject]:
    return await gateway.list_all(KINDS[type].path, **EVERY.get(type, {}))


async def _compare(runtime: Runtime, objects: list[JSONObject]) -> list[str]:
    found: list[str] = []
    with suppress(Undo):
        async with runtime.database.transaction() as session:
            for each in objects:
                found += await _compare_one(session, runtime, each)
            raise Undo
    return found


async def _compare_one(session: AsyncSession, runtime: Runtime, data: JSONObject) -> list[str]:
    data = split(scrub_object(data) if data["object"] == "mandate" else data, KINDS)[0]
    known = (await session.exec(select(StripeObject).where(StripeObject.stripe_id == data["id"]))).first()
    if known is None or not known.data:
        return [f"{data['id']} is not known"]
    if digest(known.data) != digest(data):
        names = sorted(name for name in {**data, **known.data} if data.get(name) != known.data.get(name))
        return [f"{data['id']} is known otherwise: {', '.join(names)}"]
    before = await _derived(session, data)
    owner = await find_owner(session, data, None)
    news = News.of(data, None, Known(known.known_from, known.known_until))
    await KINDS[data["object"]].derive(session, news, owner, runtime.clock())
    after = await _derived(session, data)
    return [] if before == after else [f"the row of {data['id']} says something else: {before} instead of {after}"]


async def _derived(session: AsyncSession, data: JSONObject) -> list[JSONObject]:
    row = await find_row(session, KINDS[data["object"]].table, data["id"])
    return [] if row is None else [row.model_dump(), *await _inside(session, row)]


async def _inside(session: AsyncSession, row: Row) -> list[JSONObject]:
    """The rows that are made anew with it."""
    found: list[JSONObject] = []
    tables: tuple[Any, ...] = (InvoiceLine, SubscriptionItem)
    for table, key in zip(tables, ("invoice_id", "subscription_id"), strict=True):
        rows = (await session.exec(select(table).where(col(getattr(table, key)) == row.id))).all()
        dumped = [each.model_dump(exclude={"id"}) for each in rows]
        found += sorted(dumped, key=lambda each: str(each["stripe_id"]))
    return found
