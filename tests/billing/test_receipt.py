"""The receipt says everything that a bank would ask, and is the same bytes for the same state."""

import asyncio
import io
import os
import sys
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy.exc import NoResultFound

from billing import consents
from billing.consents import Amount, ScopeInput, ledger, receipt
from billing.database import Database
from billing.tables import Consent, Product, StripeObject, new_id
from tests.billing.consent_rows import (
    KEY,
    NOW,
    customer_caller,
    dollars,
    grant,
    make_customer,
    monthly,
    publish,
)

# Everyday letters of the alphabets that a receipt has to be able to write.
LETTERS = "Größe Łódź Çeşme İzmir Ångström Ñandú Őr Dvořák Ελλάδα Київ Ђорђе Ўзбек"


async def render(database: Database, consent: Consent, after: timedelta = timedelta(0)) -> bytes:
    async with database.read() as session:
        return await receipt.render(session, consent.id, NOW + after)


def read(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def squeezed(text: str) -> str:
    return "".join(text.split())


async def agree(database: Database, **changes: Any) -> Consent:
    async with database.transaction() as session:
        customer = await make_customer(session, name="Ada Łovelace", external_id=f"shop-{new_id()}")
        agreed = await publish(session, permission=LETTERS)
        return (await grant(session, customer, agreed, **{"caller": KEY, **changes})).consent


SAID = (
    "ACTIVE",
    "Ada Łovelace, ada@example.com",
    "23 November 2026, 18:00:00 UTC",
    "on a website",
    "203.0.113.7 (seen by Assent itself)",
    "Firefox/130 (seen by Assent itself)",
    "At most one scheduled payment every 3 months.",
    "At most 1,250.00 USD.",
    "At most 99.50 USD.",
    "Pro plan",
    "At most 2 at the same time.",
    "23 December 2026, 18:00:00 UTC",
    "membership, en, version 1",
    "Page 1 of 2",
)


async def test_it_says_who_agreed_to_what_when_and_how_far_it_goes(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session, name="Ada Łovelace"), await publish(session, permission=LETTERS)
        product = Product(created_at=NOW, stripe_id="prod_1", name="Pro plan")
        session.add(product)
        await session.flush()
        scope = monthly(
            interval_count=3,
            maximum_amount=dollars("1250"),
            monthly_maximum=dollars("99.5"),
            product_ids=[product.id],
            maximum_subscriptions=2,
        )
        ends = NOW + timedelta(days=30)
        consent = (
            await grant(
                session, customer, agreed, scope=scope, caller=customer_caller(customer), locale="de", expires_at=ends
            )
        ).consent
        record = (await ledger.list_records(session, customer.id))[0]
    text = read(await render(database, consent))
    said_of_it = (customer.external_id, customer.stripe_id, agreed.sha256, record.digest, f"Consent {consent.id}")
    for said in (*SAID, *said_of_it):
        assert squeezed(said) in squeezed(text), said
    whole = squeezed(without_footers(text, consent))
    assert squeezed(agreed.body.removeprefix("# ")) in whole
    assert squeezed(ledger.canonical(record.payload)) in whole


async def test_what_the_merchant_reported_and_what_was_not_recorded_is_said_so(database: Database) -> None:
    text = read(await render(database, await agree(database, ip_address="192.0.2.1", channel="PHONE")))
    for said in ("192.0.2.1 (reported by the merchant)", "not recorded", "by telephone", "the merchant (shop)"):
        assert said in text
    for said in ("No maximum was agreed.", "Any product of the merchant.", "When the customer revokes it."):
        assert said in text


async def test_amounts_have_their_currencys_digits(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session, usage="UNSCHEDULED")
        scope = ScopeInput("UNSCHEDULED", maximum_amount=Amount(dollars("1500").amount, "JPY"))
        consent = (await grant(session, customer, agreed, scope=scope)).consent
    assert "At most 1,500 JPY." in read(await render(database, consent))


async def test_the_stamp_tells_how_it_stands(database: Database) -> None:
    expiring = await agree(database, expires_at=NOW + timedelta(days=1))
    assert "ACTIVE" in read(await render(database, expiring))
    assert "EXPIRED\n24 November 2026, 18:00:00 UTC" in read(await render(database, expiring, timedelta(days=1)))
    async with database.transaction() as session:
        await consents.revoke(session, KEY, consent_id=expiring.id, reason="Moving away", now=NOW)
    text = read(await render(database, expiring, timedelta(days=1)))
    assert "REVOKED\n23 November 2026, 18:00:00 UTC" in text
    assert "Moving away" in text


async def test_a_superseded_consent_says_so(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        older = (await grant(session, customer, agreed)).consent
        await grant(session, customer, agreed)
    assert "SUPERSEDED" in read(await render(database, older))


async def test_after_a_redaction_it_names_nobody(database: Database) -> None:
    consent = await agree(database, ip_address="192.0.2.1", user_agent="Safari")
    async with database.transaction() as session:
        await consents.revoke(session, KEY, consent_id=consent.id, reason="Moving away", now=NOW)
        await consents.redact(session, KEY, customer_id=consent.customer_id, now=NOW)
    text = read(await render(database, consent))
    for gone in ("Ada", "192.0.2.1", "Safari", "Moving away", "example.com"):
        assert gone not in text
    assert text.count("removed at the customer's request") == 3


async def test_objects_at_stripe_that_carry_the_digest_are_named(database: Database) -> None:
    consent = await agree(database)
    async with database.transaction() as session:
        digest = (await ledger.list_records(session, consent.customer_id))[0].digest
        customer = (await session.get_one(Consent, consent.id)).customer_id
        stripe_id = (await session.get_one(type(await make_customer(session)), customer)).stripe_id
        for name, carried in (("seti_mine", digest), ("seti_other", "0" * 64)):
            data = {"id": name, "metadata": {"assent_consent_digest": carried}}
            known: dict[str, Any] = {"type": "setup_intent", "known_from": 0, "known_until": 0}
            session.add(StripeObject(stripe_id=name, data=data, customer_stripe_id=stripe_id, **known))
    text = read(await render(database, consent))
    assert "seti_mine (setup intent)" in text
    assert "seti_other" not in text


async def test_letters_that_the_fonts_lack_are_written_as_code_points(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session, permission="会 🦀 " + "x" * 300)
        consent = (await grant(session, customer, agreed)).consent
    assert "[U+4F1A] [U+1F980]" in read(await render(database, consent))


async def test_what_is_read_from_the_right_is_drawn_so(database: Database) -> None:
    """The reader takes letters from the right where they are such, as a person does."""
    async with database.transaction() as session:
        said = "אני מסכים לתשלום חודשי"
        customer, agreed = await make_customer(session), await publish(session, permission=f"{said}. " * 12)
        consent = (await grant(session, customer, agreed)).consent
    text = read(await render(database, consent))
    assert text.count(said) >= 10


async def test_a_long_text_goes_on_over_the_pages(database: Database) -> None:
    async with database.transaction() as session:
        clause = "\n\n".join(f"Paragraph {number}: {'many words ' * 60}" for number in range(20))
        customer, agreed = await make_customer(session), await publish(session, permission=clause)
        consent = (await grant(session, customer, agreed)).consent
    pdf = await render(database, consent)
    assert len(PdfReader(io.BytesIO(pdf)).pages) > 3
    assert squeezed(clause) in squeezed(without_footers(read(pdf), consent))


def without_footers(text: str, consent: Consent) -> str:
    lines = text.splitlines()
    return "\n".join(line for line in lines if not line.startswith(("Page ", f"Consent {consent.id}")))


async def test_the_same_state_is_the_same_bytes_at_any_time_and_in_any_process(
    database: Database, database_url: str
) -> None:
    consent = await agree(database)
    first = await render(database, consent)
    assert await render(database, consent, timedelta(days=1)) == first
    elsewhere = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, database_url, str(consent.id)),
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert (await elsewhere.communicate())[0] == first


PROGRAM = """
import asyncio, sys
from datetime import UTC, datetime
from uuid import UUID
from billing.consents import receipt
from billing.database import Database

async def main():
    database = Database(sys.argv[1])
    async with database.read() as session:
        sys.stdout.buffer.write(await receipt.render(session, UUID(sys.argv[2]), datetime(2026, 11, 25, tzinfo=UTC)))
    await database.close()

asyncio.run(main())
"""


async def test_there_is_none_for_an_unknown_consent(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(NoResultFound):
            await receipt.render(session, new_id(), NOW)
