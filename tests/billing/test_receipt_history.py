"""The receipt tells what has become of a consent, and what was charged under it."""

from datetime import timedelta
from typing import Any

from billing import consents
from billing.consents import ledger
from billing.database import Database
from billing.tables import Customer, Installation
from tests import factories as make
from tests.billing.consent_rows import NOW, customer_caller, grant, make_customer, publish
from tests.billing.test_receipt import agree, read, render, squeezed
from tests.taken_back import create_dispute, create_refund


async def test_what_has_happened_since_is_told_with_its_digest(database: Database) -> None:
    async with database.transaction() as session:
        session.add(Installation(stripe_account="acct_1", livemode=False, created_at=NOW))
        customer, agreed = await make_customer(session), await publish(session)
        older = (await grant(session, customer, agreed)).consent
        newer = (await grant(session, customer, agreed)).consent
        who = customer_caller(customer)
        await consents.revoke(session, who, consent_id=older.id, reason="Moving away", now=NOW + timedelta(days=9))
        _, granted, revoked = await ledger.list_records(session, customer.id)
    text = squeezed(read(await render(database, older, timedelta(days=10))))
    for said in (
        "account acct_1 at Stripe",
        f"A newer consent, {newer.id}, took its place. Record 2, 23 November 2026, 18:00:00 UTC.",
        granted.digest,
        "Revoked by the customer, who said: Moving away. Record 3, 02 December 2026, 18:00:00 UTC.",
        revoked.digest,
    ):
        assert squeezed(said) in text, said


async def test_what_was_charged_under_it_is_listed(database: Database) -> None:
    consent = await agree(database)
    async with database.transaction() as session:
        customer = await session.get_one(Customer, consent.customer_id)
        invoice = await make.create_invoice(session, customer, number="A-1")
        paid = await make.create_payment(session, customer, consent_id=consent.id)
        await make.create_invoice_payment(session, invoice, paid)
        await create_refund(session, paid, amount=500, status="succeeded")
        await create_dispute(session, paid)
        declined: dict[str, Any] = {
            "status": "requires_payment_method",
            "description": "A mug",
            "created_at": NOW + timedelta(days=1),
        }
        await make.create_payment(session, customer, consent_id=consent.id, **declined)
        other = await make.create_payment(session, customer)
    text = squeezed(read(await render(database, consent)))
    for said in (
        "15.00 USD paid, for invoice A-1; 5.00 USD refunded on 23 November 2026; 15.00 USD disputed on",
        f"({paid.stripe_id}, 23 November 2026, 18:00:00 UTC).",
        "24 November 2026 15.00 USD declined, not paid, for A mug",
    ):
        assert squeezed(said) in text, said
    assert other.stripe_id not in text
