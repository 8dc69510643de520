"""Taking in the customers of a Stripe account that was there before Assent.

A customer's externalId is the value of a metadata key of the merchant's choice, else the Stripe id. Nobody is left
out for its sake: where another customer has it already, the one who comes later is taken in under the Stripe id and
reported. Stripe lists the newest first, so of two at Stripe the newer keeps it. Once it is free, the next import
gives it to whoever still goes by the Stripe id.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.customers import find_by_external_id
from billing.input import check_text
from billing.mirror import Known
from billing.mirror.fields import instant, nested
from billing.mirror.storing import NEVER, find_locked, read_again
from billing.recovery.learners import Learner
from billing.recovery.lists import CUSTOMER
from billing.recovery.tallies import Finding, Outcome
from billing.stripe_gateway import JSONObject
from billing.tables import Customer, StripeObject

# What createCustomer writes into the metadata: such a customer was Assent's before its database was lost.
OURS = "assent_external_id"
LONGEST = 255


class Importer(Learner):
    """Learns everything, and takes in customers whom nobody here knew."""

    def __init__(self, key: str | None) -> None:
        self._keys = (OURS,) if key is None else (OURS, key)

    async def others(self, session: AsyncSession, kind: str, objects: Sequence[JSONObject]) -> set[str]:
        if kind != CUSTOMER:
            return set()
        ids = [each["id"] for each in objects]
        rows = await session.exec(select(Customer).where(col(Customer.stripe_id).in_(ids)))
        settled = {each.stripe_id for each in rows.all() if each.external_id != each.stripe_id}
        return {each["id"] for each in objects if each["id"] not in settled}

    def follows(self, kind: str) -> bool:
        return kind == CUSTOMER

    async def learn(
        self, session: AsyncSession, data: JSONObject, known: Known, fields: tuple[str, ...], now: datetime
    ) -> Finding:
        finding = Finding(data["object"], data["id"], Outcome.SAME)
        if data["object"] != CUSTOMER or fields or await _find(session, data["id"]) is None:
            finding = await super().learn(session, data, known, fields, now)
        if data["object"] != CUSTOMER:
            return finding
        row = await _find(session, data["id"])
        if row is None:
            return await self._take_in(session, data, known, now)
        return await self._name(session, row, data, finding)

    async def _take_in(self, session: AsyncSession, data: JSONObject, known: Known, now: datetime) -> Finding:
        stored = await find_locked(session, data["id"])
        if stored is not None and stored.deleted_at is not None:
            return Finding(CUSTOMER, data["id"], Outcome.GONE)
        external_id, note = await self._choose(session, data)
        session.add(Customer(created_at=instant(data["created"]), external_id=external_id, stripe_id=data["id"]))
        await session.flush()
        told_later = stored is not None and _forget(stored, known)
        await mirror.learn(session, data, known, now=now)
        if told_later:
            await read_again(session, data["id"], at=now)
        return Finding(CUSTOMER, data["id"], Outcome.ADDED, note=note, collides=note is not None)

    async def _name(self, session: AsyncSession, row: Customer, data: JSONObject, finding: Finding) -> Finding:
        """Somebody who goes by the Stripe id gets the externalId that is free now."""
        if row.external_id != row.stripe_id or row.redacted_at is not None:
            return finding
        external_id, note = await self._choose(session, data)
        if external_id == row.external_id:
            return replace(finding, note=note, collides=note is not None)
        row.external_id = external_id
        session.add(row)
        return replace(finding, outcome=Outcome.DIFFERED, fields=(*finding.fields, "externalId"))

    async def _choose(self, session: AsyncSession, data: JSONObject) -> tuple[str, str | None]:
        """The externalId, and what a person should know of it."""
        wanted = next((value for key in self._keys if (value := nested(data, "metadata", key))), None)
        if wanted is None:
            return data["id"], None
        if check_text(CUSTOMER, wanted, longest=LONGEST):
            return data["id"], f"{wanted!r} cannot be an externalId"
        holder = await find_by_external_id(session, wanted)
        if holder is None or holder.stripe_id == data["id"]:
            return wanted, None
        return data["id"], f"externalId {wanted!r} belongs to {holder.stripe_id}"


async def _find(session: AsyncSession, stripe_id: str) -> Customer | None:
    return (await session.exec(select(Customer).where(Customer.stripe_id == stripe_id))).first()


def _forget(stored: StripeObject, known: Known) -> bool:
    """Of a customer who was nobody's only the state was kept: it is as if never seen.

    Whether that was told later than what is learned now, which then has to be read again.
    """
    told_later = stored.event_id is not None and stored.known_until >= known.known_from
    stored.states, stored.known_from, stored.known_until = [], NEVER, NEVER
    return told_later
