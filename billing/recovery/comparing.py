"""Comparing what Stripe has with what is known of it, without writing anything."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.expanding import split
from billing.mirror.kinds import KINDS, is_mirrored
from billing.mirror.scrubbing import scrub_object
from billing.mirror.states import digest
from billing.stripe_gateway import JSONObject
from billing.tables import Customer, StripeObject

# What changes at Stripe without an event, and says nothing of the object itself.
SILENT: Mapping[str, frozenset[str]] = {"invoice": frozenset({"webhooks_delivered_at"})}


@dataclass
class Compared:
    """By Stripe's id: the fields of what differs, none for what is not known at all, and what is known as foreign."""

    different: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)


async def compare(session: AsyncSession, objects: Sequence[JSONObject]) -> Compared:
    """How each object, with those inside of it, is to what is known. What is the same is left out."""
    flat = {each["id"]: _flat(each) for each in objects}
    stored = await _stored(session, (each["id"] for parts in flat.values() for each in parts))
    redacted = await _redacted(session, (each.get("customer") or each["id"] for each in objects))
    found = Compared()
    for each in objects:
        scrubbed = (each.get("customer") or each["id"]) in redacted
        different = [_fields(stored.get(part["id"]), part, scrubbed=scrubbed) for part in flat[each["id"]]]
        if any(fields is not None for fields in different):
            found.different[each["id"]] = tuple(name for fields in different for name in fields or ())
        elif _is_foreign(stored[each["id"]]):
            found.foreign.add(each["id"])
    return found


def _flat(data: JSONObject) -> list[JSONObject]:
    root, parts = split(data, KINDS)
    return [root, *(part for part in parts if is_mirrored(part))]


def _fields(stored: StripeObject | None, data: JSONObject, *, scrubbed: bool) -> tuple[str, ...] | None:
    """None where nothing differs."""
    if stored is None or not stored.states:
        return ()
    data = scrub_object(data) if scrubbed or data["object"] == "mandate" else data
    # Of what is not Assent's only the state is kept, of a redacted customer's only the data are current.
    if digest(data) in (stored.states[-1], digest(stored.data)):
        return None
    known = stored.data
    different = {name for name in {**data, **known} if data.get(name) != known.get(name)}
    return tuple(sorted(different)) if different - SILENT.get(data["object"], frozenset()) else None


def _is_foreign(stored: StripeObject) -> bool:
    """Of what is not Assent's no more is kept than that it is there."""
    return stored.data.keys() <= {"id", "object"}


async def _stored(session: AsyncSession, stripe_ids: Iterable[str]) -> dict[str, StripeObject]:
    statement = select(StripeObject).where(col(StripeObject.stripe_id).in_(set(stripe_ids)))
    return {each.stripe_id: each for each in (await session.exec(statement)).all()}


async def _redacted(session: AsyncSession, stripe_ids: Iterable[str]) -> set[str]:
    statement = select(Customer.stripe_id).where(col(Customer.redacted_at).is_not(None))
    return set((await session.exec(statement.where(col(Customer.stripe_id).in_(set(stripe_ids))))).all())
