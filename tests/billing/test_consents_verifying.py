"""`verify_all` finds what a customer's chain alone cannot show: a database whose owner wrote all of it anew."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from billing import consents
from billing.consents import ledger
from billing.consents.verifying import Finding, Pace, verify_all
from billing.errors import StripeRejected
from billing.runtime import Runtime
from billing.stripe_gateway import Request, StripeGateway
from billing.tables import Consent, ConsentRecord, SetupIntent, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent, a_customer, a_saved_method, published_terms, unique
from tests.running_sandbox import RunningSandbox

FAST = 10_000.0


async def verify(runtime: Runtime) -> list[Finding]:
    return [each async for each in verify_all(runtime, lambda done, total: None, requests_per_second=FAST)]


async def saved(runtime: Runtime, sandbox: RunningSandbox) -> tuple[UUID, Consent, SetupIntent]:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    await a_saved_method(runtime, sandbox, customer, consent.id)
    async with runtime.database.read() as session:
        intent = (await session.exec(select(SetupIntent).where(SetupIntent.customer_id == customer))).one()
    return customer, consent, intent


async def rewrite(runtime: Runtime, consent: Consent, maximum: int) -> None:
    """What a database's owner can do: change the row and its record, and compute every digest anew."""
    async with runtime.database.transaction() as session:
        row = await session.get_one(Consent, consent.id)
        row.maximum_amount = maximum
        previous = None
        for record in await ledger.list_records(session, consent.customer_id):
            if record.consent_id == consent.id and record.action == "GRANTED":
                record.payload = {**record.payload, "scope": {**record.payload["scope"], "maximum_amount": maximum}}
            record.previous_digest = previous
            previous = record.digest = ledger.digest_of(record.payload, previous)
            session.add_all((row, record))


async def mark(runtime: Runtime, intent: SetupIntent, **metadata: str) -> None:
    request = Request("post", f"/v1/setup_intents/{intent.stripe_id}", {"metadata": metadata})
    await runtime.gateway.send(request, idempotency_key=unique("mark"))


async def test_what_was_recorded_and_anchored_is_found_right(runtime: Runtime, sandbox: RunningSandbox) -> None:
    for _ in range(3):
        await saved(runtime, sandbox)
    told: list[tuple[int, int]] = []
    found = [each async for each in verify_all(runtime, lambda *at: told.append(at), requests_per_second=FAST)]
    assert found == []
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_a_ledger_written_anew_contradicts_stripe(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer, consent, intent = await saved(runtime, sandbox)
    await rewrite(runtime, consent, maximum=999_999)
    async with runtime.database.read() as session:
        assert (await ledger.verify(session, customer)).intact
    (found,) = await verify(runtime)
    assert (found.customer_id, found.consent_id) == (customer, consent.id)
    assert f"setup intent {intent.stripe_id} carries the digest" in found.what
    assert "not in the ledger" in found.what


async def test_metadata_changed_at_stripe_is_found(runtime: Runtime, sandbox: RunningSandbox) -> None:
    _, _, intent = await saved(runtime, sandbox)
    await mark(runtime, intent, assent_consent_digest="")
    (found,) = await verify(runtime)
    assert "does not carry its digest" in found.what


async def test_the_digest_of_another_consent_is_not_an_anchor(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer, _, intent = await saved(runtime, sandbox)
    other = await a_consent(runtime, customer)
    async with runtime.database.read() as session:
        records = await ledger.list_records(session, customer)
    await mark(runtime, intent, assent_consent_digest=records[-1].digest)
    (found,) = await verify(runtime)
    assert f"the digest of another consent, {other.id}" in found.what


async def test_what_passed_to_a_newer_consent_may_carry_the_older_ones_digest(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    agreed = await published_terms(runtime)
    customer = await a_customer(runtime)
    first = await a_consent(runtime, customer, agreed=agreed)
    await a_saved_method(runtime, sandbox, customer, first.id)
    for _ in range(2):
        newest = await a_consent(runtime, customer, agreed=agreed)
    async with runtime.database.transaction() as session:
        intent = (await session.exec(select(SetupIntent).where(SetupIntent.customer_id == customer))).one()
        intent.consent_id = newest.id
        session.add(intent)
    assert await verify(runtime) == []


async def test_what_is_gone_at_stripe_is_missed(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer, consent, _ = await saved(runtime, sandbox)
    async with runtime.database.transaction() as session:
        invented: dict[str, Any] = {"stripe_id": "sub_invented", "status": "active", "created_at": runtime.clock()}
        session.add(Subscription(customer_id=customer, consent_id=consent.id, managed=True, **invented))
    (found,) = await verify(runtime)
    assert found.what == "Stripe's subscription sub_invented, which rests on it, is not at Stripe."


async def test_each_break_names_customer_and_consent(runtime: Runtime) -> None:
    one, two = await a_customer(runtime), await a_customer(runtime)
    whole, broken = await a_consent(runtime, one), await a_consent(runtime, two)
    async with runtime.database.transaction() as session:
        (await session.get_one(Consent, broken.id)).maximum_amount = 1
        record = (await session.exec(select(ConsentRecord).where(ConsentRecord.consent_id == whole.id))).one()
        record.payload = {}
        session.add(record)
    found = await verify(runtime)
    assert [each.what for each in found if each.customer_id == two] == ["Its scope is not as recorded."]
    assert "Record 1 says something else than when it was written." in [
        each.what for each in found if each.consent_id == whole.id
    ]


async def test_a_key_that_may_not_read_ends_the_verification(runtime: Runtime, sandbox: RunningSandbox) -> None:
    await saved(runtime, sandbox)
    gateway = StripeGateway("sk_live_wrong", account="acct_test", base=sandbox.base_url)
    with pytest.raises(StripeRejected):
        await verify(replace(runtime, gateway=gateway))
    await gateway.close()


async def test_after_a_redaction_everything_is_still_found_right(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer, _, _ = await saved(runtime, sandbox)
    async with runtime.database.transaction() as session:
        await consents.redact(session, MERCHANT, customer_id=customer, now=runtime.clock())
    assert await verify(runtime) == []


async def test_requests_keep_a_pace() -> None:
    pace, loop = Pace(200), asyncio.get_running_loop()
    started = loop.time()
    for _ in range(11):
        await pace.wait()
    assert loop.time() - started >= 10 / 200
