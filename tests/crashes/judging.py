"""What must hold when everything is over: one effect or none, nothing left undone, and the same here as at Stripe."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from billing.consents.spending import month_total
from billing.mirror.kinds import KINDS
from billing.tables import Consent, Hold, Operation, OperationStatus
from tests.billing.life import Life
from tests.comparing import EVERY, UNLISTED, differences
from tests.crashes.stand import FAULT, LOST, UNAVAILABLE, Outcome, World

JSONObject = dict[str, Any]
Picture = dict[str, list[Any]]

# What each of Stripe's objects is about. What has ended without money, as if it had never been, is left out.
SHOWN = {
    "customer": "email name invoice_settings.default_payment_method",
    "product": "name description active",
    "price": "unit_amount active lookup_key",
    "payment_method": "type",
    "checkout.session": "mode",
    "setup_intent": "status payment_method",
    "subscription": "status pause_collection.behavior cancel_at_period_end default_payment_method "
    "items.data.0.price.unit_amount items.data.0.quantity",
    "invoice": "status amount_due amount_paid auto_advance",
    "payment_intent": "status amount amount_received",
    "refund": "status amount",
    "dispute": "status evidence_details.submission_count",
}
OVER = (OperationStatus.SUCCEEDED, OperationStatus.FAILED, OperationStatus.RELEASED)
A_DAY_OF_A_MONTH = 0.05
METHODS = "/v1/customers/{}/payment_methods"
ENDED = ("canceled", "incomplete_expired", "void")


@dataclass(frozen=True)
class Seen:
    """All of Stripe, by type."""

    objects: dict[str, list[JSONObject]]

    @classmethod
    async def of(cls, life: Life) -> "Seen":
        """As it is now."""
        gateway = life.runtime.gateway
        listed = [type for type in KINDS if type not in UNLISTED]
        found = {type: await gateway.list_all(KINDS[type].path, **EVERY.get(type, {})) for type in listed}
        methods = [await gateway.list_all(METHODS.format(each["id"])) for each in found["customer"]]
        return cls({**found, "payment_method": [each for some in methods for each in some]})

    @property
    def types(self) -> list[str]:
        """Of what there is."""
        return [type for type, found in self.objects.items() if found] + list(UNLISTED)


async def picture(world: World, seen: Seen | None = None) -> Picture:
    """All of Stripe, and what each consent has spent, without ids and times."""
    seen = seen or await Seen.of(world.life)
    found: Picture = {type: _shown(seen.objects[type], paths.split()) for type, paths in SHOWN.items()}
    found["holds"] = sorted((each.reason, each.ended_at is None) for each in await _all(world.life, Hold))
    found["spent"] = await _spent(world.life)
    return found


def _shown(objects: list[JSONObject], paths: list[str]) -> list[Any]:
    lines = [[_at(each, path) for path in paths] for each in objects if not _is_as_if_never(each)]
    return sorted(lines, key=_order)


def _is_as_if_never(data: JSONObject) -> bool:
    return data.get("status") in ENDED or (data["object"] == "invoice" and not data["total"])


def _order(line: list[Any]) -> list[tuple[str, Any]]:
    return [(type(each).__name__, each or 0) if isinstance(each, int) else ("", str(each)) for each in line]


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data[int(name)] if isinstance(data, list) else (data or {}).get(name)
    return data


async def _spent(life: Life) -> list[int]:
    now = life.runtime.clock()
    async with life.runtime.database.read() as session:
        consents = (await session.exec(select(Consent).order_by(col(Consent.created_at), col(Consent.id)))).all()
        return [await month_total(session, each, now) for each in consents]


async def _all(life: Life, table: Any) -> list[Any]:
    async with life.runtime.database.read() as session:
        return list((await session.exec(select(table))).all())


@dataclass(frozen=True)
class Fair:
    """A row in fair weather: what is there when nobody asks, and what when it is asked once, and how that ends."""

    nothing: Picture
    once: Picture
    outcome: Outcome


async def complaints(world: World, fair: Fair, outcome: Outcome, *, unknown: bool = False) -> list[str]:
    """What is not as it must be; `outcome` is what the client was told in the end, LOST if it was told nothing.

    `unknown`: a person may have to say what became of it.
    """
    found = [f"{each.mutation} is left {each.status} at {each.step}" for each in await _left(world.life, unknown)]
    there = await Seen.of(world.life)
    seen = await picture(world, there)
    if outcome == fair.outcome:
        found += _unlike(seen, {"once": fair.once})
    elif outcome in (FAULT, LOST, UNAVAILABLE):
        found += _unlike(seen, {"nothing": fair.nothing, "once": fair.once})
    else:
        found += _unlike(seen, {f"nothing, as {outcome} says,": fair.nothing})
    return found + [f"mirror: {each}" for each in await differences(world.life.runtime, types=set(there.types))]


async def _left(life: Life, unknown: bool) -> list[Operation]:
    allowed = {*OVER, OperationStatus.UNKNOWN} if unknown else set(OVER)
    now = life.runtime.clock()
    return [each for each in await _all(life, Operation) if each.status not in allowed and each.due_at <= now]


def _unlike(seen: Picture, wanted: dict[str, Picture]) -> list[str]:
    if any(_alike(seen, each) for each in wanted.values()):
        return []
    name, nearest = list(wanted.items())[-1]
    unlike = {each: (seen[each], nearest[each]) for each in seen if not _alike(seen[each], nearest[each])}
    return [f"{kind} is {here} instead of {there} ({name})" for kind, (here, there) in unlike.items()]


def _alike(here: Any, there: Any) -> bool:
    """The same, but for what a day makes of amounts that depend on the second."""
    if isinstance(here, dict):
        return all(_alike(here[name], there[name]) for name in here)
    if isinstance(here, list):
        return len(here) == len(there) and all(map(_alike, here, there))
    if isinstance(here, int) and isinstance(there, int) and not isinstance(here, bool):
        return abs(here - there) <= A_DAY_OF_A_MONTH * max(here, there)
    return bool(here == there)
