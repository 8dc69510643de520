"""Verifying every ledger, and its anchors at Stripe: digests given to Stripe when something came to rest on a consent.

A chain in one database proves little against that database's owner, who could write all of it anew; what Stripe has in
its metadata cannot be written anew from here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import ledger
from billing.errors import StripeRejected
from billing.runtime import Runtime
from billing.tables import Consent, ConsentRecord, Customer, LedgerAction, SetupIntent, Subscription

# Customers looked up at one time, and Stripe's limit of requests for one endpoint with some room for everybody else.
PAGE = 500
REQUESTS_PER_SECOND = 20.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was recorded. `external_id` is the customer's; `what` is a sentence."""

    customer_id: UUID
    external_id: str
    consent_id: UUID
    what: str


@dataclass(frozen=True)
class Anchor:
    """An object at Stripe that rests on a consent."""

    kind: str
    row_id: UUID
    stripe_id: str
    consent_id: UUID

    @property
    def path(self) -> str:
        """Where it is read."""
        return f"/v1/{self.kind.replace(' ', '_')}s/{self.stripe_id}"


class Pace:
    """Lets through no more than so many a second."""

    def __init__(self, per_second: float) -> None:
        self._apart = 1 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        """Returns when the next one may go."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._next - loop.time()))
        self._next = max(loop.time(), self._next) + self._apart


async def verify_all(
    runtime: Runtime, progress: Progress, *, requests_per_second: float = REQUESTS_PER_SECOND
) -> AsyncIterator[Finding]:
    """Goes through all customers with consents, one after the other, and yields what is found.

    `progress` is told how many of how many are done. Raises StripeUnavailable, and StripeRejected where the key may not
    read.
    """
    pace, done = Pace(requests_per_second), 0
    async with runtime.database.read() as session:
        total = (await session.exec(select(func.count(func.distinct(Consent.customer_id))))).one()
    progress(done, total)
    async for customer in _customers(runtime):
        async for finding in _verify(runtime, pace, customer):
            yield finding
        done += 1
        progress(done, max(done, total))


async def _customers(runtime: Runtime) -> AsyncIterator[Customer]:
    """Those with consents, in the order of their ids, a page in memory at one time."""
    after: UUID | None = None
    while True:
        statement = select(Customer).where(col(Customer.id).in_(select(Consent.customer_id)))
        if after is not None:
            statement = statement.where(col(Customer.id) > after)
        async with runtime.database.read() as session:
            page = (await session.exec(statement.order_by(col(Customer.id)).limit(PAGE))).all()
        for customer in page:
            yield customer
        if len(page) < PAGE:
            return
        after = page[-1].id


async def _verify(runtime: Runtime, pace: Pace, customer: Customer) -> AsyncIterator[Finding]:
    async with runtime.database.read() as session:
        records = await ledger.list_records(session, customer.id)
        breaks = await ledger.find_breaks(session, customer.id, records)
        anchors = await _anchors(session, customer)
    for each in breaks:
        yield Finding(customer.id, customer.external_id, each.consent_id, each.what)
    for anchor in anchors:
        await pace.wait()
        what = await _compare(runtime, anchor, records)
        if what is not None:
            yield Finding(customer.id, customer.external_id, anchor.consent_id, what)


async def _anchors(session: AsyncSession, customer: Customer) -> list[Anchor]:
    intents = select(SetupIntent.id, SetupIntent.stripe_id, SetupIntent.consent_id)
    subscriptions = select(Subscription.id, Subscription.stripe_id, Subscription.consent_id)
    saved = intents.where(SetupIntent.customer_id == customer.id).order_by(col(SetupIntent.id))
    sold = subscriptions.where(Subscription.customer_id == customer.id).order_by(col(Subscription.id))
    rows = [("setup intent", *row) for row in (await session.exec(saved)).all()]
    rows += [("subscription", *row) for row in (await session.exec(sold)).all()]
    return [Anchor(kind, id, stripe_id, consent) for kind, id, stripe_id, consent in rows if consent]


async def _compare(runtime: Runtime, anchor: Anchor, records: list[ConsentRecord]) -> str | None:
    """What is wrong with an anchor, if anything."""
    named = f"Stripe's {anchor.kind} {anchor.stripe_id}"
    try:
        data = (await runtime.gateway.get(anchor.path)).data
    except StripeRejected as refusal:
        if refusal.http_status != 404:
            raise
        return f"{named}, which rests on it, is not at Stripe."
    digest = (data.get("metadata") or {}).get("assent_consent_digest")
    if digest is None:
        return f"{named} rests on it and does not carry its digest."
    carried = next((each for each in _grants(records) if each.digest == digest), None)
    if carried is None:
        return f"{named} carries the digest {digest}, which is not in the ledger: one of the two was changed."
    if carried.consent_id not in _line(anchor, records):
        return f"{named} carries the digest of another consent, {carried.consent_id}."
    return None


def _grants(records: list[ConsentRecord]) -> list[ConsentRecord]:
    return [each for each in records if each.action == LedgerAction.GRANTED]


def _line(anchor: Anchor, records: list[ConsentRecord]) -> set[UUID]:
    """The consent, and those from which the object may have passed to it since its metadata were written."""
    grants = {each.consent_id: each for each in _grants(records)}
    line, ends = set[UUID](), [anchor.consent_id]
    while ends:
        grant = grants.get(ends.pop())
        if grant is None or grant.consent_id in line:
            continue
        line.add(grant.consent_id)
        said = ledger.said_by(grant)
        takes_over = said.get("subscription") == str(anchor.row_id)
        superseded = said.get("supersedes") or []
        ends += [
            each.consent_id
            for each in grants.values()
            if str(each.consent_id) in superseded or (takes_over and each.sequence < grant.sequence)
        ]
    return line
