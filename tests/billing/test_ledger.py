"""Tampering of every kind is found and named; what is as it was written stays intact."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import consents
from billing.consents import ledger
from billing.database import Database
from billing.tables import Consent, ConsentProduct, ConsentRecord, Customer, Terms
from tests.billing.consent_rows import (
    KEY,
    NOW,
    customer_caller,
    grant,
    make_customer,
    make_product,
    monthly,
    publish,
)


@dataclass
class Story:
    """A customer with three consents: revoked with a reason, superseded, and active."""

    customer: Customer
    revoked: Consent
    superseded: Consent
    active: Consent


Tampering = Callable[[AsyncSession, Story], Awaitable[None]]


async def tell(database: Database) -> Story:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        product = await make_product(session)
        caller = customer_caller(customer)
        revoked = (
            await grant(session, customer, agreed, caller=caller, scope=monthly(product_ids=[product.id]))
        ).consent
        await consents.revoke(session, caller, consent_id=revoked.id, reason="Zu teuer", now=NOW)
        superseded = (await grant(session, customer, agreed, caller=caller)).consent
        active = (await grant(session, customer, agreed, ip_address="192.0.2.1", user_agent="Safari")).consent
    return Story(customer, revoked, superseded, active)


async def verify(database: Database, customer: Customer) -> ledger.LedgerState:
    async with database.read() as session:
        return await ledger.verify(session, customer.id)


async def test_what_was_written_is_intact(database: Database) -> None:
    story = await tell(database)
    state = await verify(database, story.customer)
    assert (state.length, state.intact, state.broken_at, state.what) == (4, True, None, None)
    async with database.read() as session:
        records = await ledger.list_records(session, story.customer.id)
    assert state.head == records[-1].digest
    assert [each.action for each in records] == ["GRANTED", "REVOKED", "GRANTED", "GRANTED"]


async def test_a_customer_without_consents_has_an_empty_intact_chain(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make_customer(session)
    assert await verify(database, customer) == ledger.LedgerState(0, None, intact=True)


async def test_anybody_can_recompute_a_digest_with_nothing_but_json_and_sha256(database: Database) -> None:
    story = await tell(database)
    async with database.read() as session:
        records = await ledger.list_records(session, story.customer.id)
    previous = ""
    for record in records:
        said = json.dumps(record.payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert record.digest == hashlib.sha256((said + previous).encode()).hexdigest()
        previous = record.digest
    reason = records[1].payload["commitments"]["reason"]
    assert reason == hashlib.sha256((story.revoked.salts["reason"] + "Zu teuer").encode()).hexdigest()


async def test_no_personal_value_is_in_the_chain_itself(database: Database) -> None:
    story = await tell(database)
    async with database.read() as session:
        said = "".join(ledger.canonical(each.payload) for each in await ledger.list_records(session, story.customer.id))
    for value in ("203.0.113.7", "Firefox", "Zu teuer", "192.0.2.1", "Safari", "ada@example.com"):
        assert value not in said


def consent_row(which: str, **values: Any) -> Tampering:
    async def tamper(session: AsyncSession, story: Story) -> None:
        consent_id = getattr(story, which).id
        await session.exec(update(Consent).where(col(Consent.id) == consent_id).values(**values))

    tamper.__name__ = f"{which}, {values}"
    return tamper


def record_row(sequence: int, **values: Any) -> Tampering:
    async def tamper(session: AsyncSession, story: Story) -> None:
        theirs = col(ConsentRecord.customer_id) == story.customer.id
        await session.exec(
            update(ConsentRecord).where(theirs, col(ConsentRecord.sequence) == sequence).values(**values)
        )

    tamper.__name__ = f"{sequence}, {values}"
    return tamper


async def rewrite_a_payload(session: AsyncSession, story: Story) -> None:
    record = (await ledger.list_records(session, story.customer.id))[2]
    record.payload = {**record.payload, "scope": {**record.payload["scope"], "maximum_amount": 999_999}}
    session.add(record)


async def rewrite_a_payload_and_its_digest(session: AsyncSession, story: Story) -> None:
    await rewrite_a_payload(session, story)
    record = (await ledger.list_records(session, story.customer.id))[2]
    record.digest = ledger.digest_of(record.payload, record.previous_digest)


async def delete_the_middle(session: AsyncSession, story: Story) -> None:
    record = (await ledger.list_records(session, story.customer.id))[2]
    await session.delete(record)


async def delete_the_end(session: AsyncSession, story: Story) -> None:
    record = (await ledger.list_records(session, story.customer.id))[3]
    await session.delete(record)


async def change_the_text(session: AsyncSession, story: Story) -> None:
    await session.exec(update(Terms).values(body="# Membership\n\nWe may do anything.\n"))


async def change_the_text_with_its_hashes(session: AsyncSession, story: Story) -> None:
    found = await session.get_one(Terms, story.active.terms_id)
    found.permission = "We may do anything."
    found.body = found.body.replace("You allow Example Ltd to charge your saved payment method.", found.permission)
    found.sha256 = hashlib.sha256(found.body.encode()).hexdigest()
    await session.exec(update(Consent).values(terms_sha256=found.sha256))


async def widen_to_every_product(session: AsyncSession, story: Story) -> None:
    for each in (await session.exec(select(ConsentProduct))).all():
        await session.delete(each)


TAMPERINGS: list[tuple[Tampering, str, str]] = [
    (consent_row("active", maximum_amount=999_999), "active", "scope"),
    (consent_row("active", monthly_maximum=1), "active", "scope"),
    (consent_row("active", interval_unit="day"), "active", "scope"),
    (consent_row("active", currency="EUR"), "active", "scope"),
    (consent_row("active", maximum_subscriptions=9), "active", "scope"),
    (consent_row("active", expires_at=NOW + timedelta(days=9)), "active", "expiry"),
    (consent_row("active", channel="PHONE"), "active", "evidence"),
    (consent_row("active", locale="de"), "active", "evidence"),
    (consent_row("active", recorded_by="CUSTOMER"), "active", "evidence"),
    (consent_row("active", observed=True), "active", "evidence"),
    (consent_row("active", created_at=NOW - timedelta(days=1)), "active", "granted at the time"),
    (consent_row("active", ip_address="198.51.100.1"), "active", "ip_address is not the one"),
    (consent_row("active", user_agent="Chrome"), "active", "user_agent is not the one"),
    (consent_row("active", user_agent=None), "active", "user_agent was removed"),
    (consent_row("active", salts={}), "active", "ip_address is not the one"),
    (consent_row("active", terms_sha256="0" * 64), "active", "terms"),
    (consent_row("active", revoked_at=NOW), "active", "revoked"),
    (consent_row("revoked", revoked_at=None), "revoked", "revoked"),
    (consent_row("revoked", revoked_at=NOW + timedelta(days=1)), "revoked", "revoked"),
    (consent_row("revoked", revocation_reason="Zu gut"), "revoked", "revocation_reason"),
    (consent_row("active", revocation_reason="Never said"), "active", "revocation_reason"),
    (consent_row("superseded", superseded_by_id=None), "active", "superseded"),
    (record_row(3, digest="0" * 64), "superseded", "Record 3 says something else"),
    (record_row(4, previous_digest="0" * 64), "active", "Record 4 does not follow"),
    (record_row(4, action="REVOKED"), "active", "Record 4 is filed"),
    (record_row(4, created_at=NOW + timedelta(days=1)), "active", "Record 4 is filed"),
    (rewrite_a_payload, "superseded", "Record 3 says something else"),
    (rewrite_a_payload_and_its_digest, "active", "Record 4 does not follow"),
    (record_row(3, payload=["not", "a", "record"]), "superseded", "Record 3 says something else"),
    (delete_the_middle, "active", "Before record 4 at least one is missing"),
    (delete_the_end, "active", "no record of its grant"),
    (change_the_text, "revoked", "text of its terms"),
    (change_the_text_with_its_hashes, "revoked", "terms"),
    (widen_to_every_product, "revoked", "scope"),
]


@pytest.mark.parametrize(("tamper", "which", "said"), TAMPERINGS, ids=[each[0].__name__ for each in TAMPERINGS])
async def test_tampering_is_found_and_named(database: Database, tamper: Tampering, which: str, said: str) -> None:
    story = await tell(database)
    async with database.transaction() as session:
        await tamper(session, story)
    state = await verify(database, story.customer)
    assert not state.intact
    assert state.broken_at == getattr(story, which).id, state.what
    assert state.what is not None
    assert said in state.what


async def test_every_break_is_told_and_not_only_the_first(database: Database) -> None:
    story = await tell(database)
    async with database.transaction() as session:
        await consent_row("active", maximum_amount=1, channel="PHONE")(session, story)
        await consent_row("revoked", revoked_at=None)(session, story)
    async with database.read() as session:
        records = await ledger.list_records(session, story.customer.id)
        breaks = await ledger.find_breaks(session, story.customer.id, records)
    assert [each.consent_id for each in breaks] == [story.revoked.id, story.active.id, story.active.id]


async def test_a_consent_that_was_taken_away_is_missed(database: Database) -> None:
    story = await tell(database)
    async with database.read() as session:
        records = await ledger.list_records(session, story.customer.id)
        stray = ConsentRecord(**{**records[3].model_dump(), "consent_id": story.customer.id})
        stray.payload = {**stray.payload, "consent": str(story.customer.id)}
        breaks = await ledger.find_breaks(session, story.customer.id, [*records[:3], stray])
    assert (story.customer.id, "The consent itself is missing.") in [(each.consent_id, each.what) for each in breaks]


async def test_revoking_again_is_a_success_that_writes_nothing(database: Database) -> None:
    story = await tell(database)
    async with database.transaction() as session:
        again = await consents.revoke(session, KEY, consent_id=story.revoked.id, reason="Other", now=NOW + timedelta(1))
        assert again.consent.revoked_at == NOW
        assert again.consent.revocation_reason == "Zu teuer"
    state = await verify(database, story.customer)
    assert (state.length, state.intact) == (4, True)
