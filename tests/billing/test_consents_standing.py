"""A consent's status: the same for a row in hand and in SQL."""

from datetime import timedelta
from itertools import product

from sqlalchemy import DateTime, bindparam
from sqlmodel import col, select

from billing import consents
from billing.consents import ConsentStatus
from billing.database import Database
from billing.tables import Consent, Invoice, InvoicePayment, Payment
from tests.billing.consent_rows import (
    KEY,
    NOW,
    grant,
    make_customer,
    make_invoice,
    make_subscription,
    publish,
    stripe_id,
)

HOUR = timedelta(hours=1)


async def test_sql_says_of_every_combination_what_python_says(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        other = (await grant(session, customer, agreed)).consent
        choices = product((None, NOW), (None, other.id), (None, other.id), (None, NOW - HOUR, NOW, NOW + HOUR))
        for revoked_at, superseded_by_id, used_by_id, expires_at in choices:
            made = (await grant(session, await make_customer(session), agreed)).consent
            made.revoked_at, made.superseded_by_id, made.expires_at = revoked_at, superseded_by_id, expires_at
            made.used_by_id = used_by_id
            session.add(made)
    async with database.read() as session:
        now = bindparam("now", NOW, DateTime(timezone=True))
        found = (await session.exec(select(Consent, consents.status_expression(now)))).all()
        active = col(Consent.id).in_([each.id for each, status in found if status == ConsentStatus.ACTIVE])
        filtered = select(Consent).where(consents.status_expression(NOW) == ConsentStatus.ACTIVE.value, active)
        assert len((await session.exec(filtered)).all()) == 3
    assert len(found) == 33
    assert {each.id: status for each, status in found} == {
        each.id: consents.status(each, NOW).value for each, _ in found
    }
    assert {status for _, status in found} == {each.value for each in ConsentStatus}


async def test_the_customers_own_word_goes_first_and_expiry_is_to_the_instant(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        first = (await grant(session, customer, agreed, expires_at=NOW + HOUR)).consent
        assert consents.status(first, NOW + HOUR - timedelta(microseconds=1)) == ConsentStatus.ACTIVE
        assert consents.status(first, NOW + HOUR) == ConsentStatus.EXPIRED
        await grant(session, customer, agreed)
        assert consents.status(first, NOW + HOUR) == ConsentStatus.SUPERSEDED
        await consents.revoke(session, KEY, consent_id=first.id, now=NOW)
        assert consents.status(first, NOW + HOUR) == ConsentStatus.REVOKED
        assert (await consents.ledger.verify(session, customer.id)).intact


async def test_payments_that_can_still_succeed_are_told_at_a_revocation(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        consent = (await grant(session, customer, agreed)).consent
        invoice = await make_invoice(session, await make_subscription(session, customer, consent), 1500)
        foreign = await make_invoice(session, await make_subscription(session, customer, None), 1500)
        processing = pay(invoice, "processing")
        rows = [processing, pay(invoice, "succeeded"), pay(invoice, "canceled"), pay(foreign, "processing")]
        own = payment(invoice, "requires_action")
        own.consent_id = consent.id
        session.add_all([each for pair in rows for each in pair] + [own])
        revoked = await consents.revoke(session, KEY, consent_id=consent.id, now=NOW)
    assert set(revoked.under_way) == {processing[0].id, own.id}


def pay(invoice: Invoice, status: str) -> tuple[Payment, InvoicePayment]:
    made = payment(invoice, status)
    link = InvoicePayment(
        created_at=NOW,
        stripe_id=stripe_id("inpay"),
        invoice_stripe_id=invoice.stripe_id,
        payment_intent_stripe_id=made.stripe_id,
        status="open",
    )
    return made, link


def payment(invoice: Invoice, status: str) -> Payment:
    return Payment(
        created_at=NOW,
        stripe_id=stripe_id("pi"),
        customer_id=invoice.customer_id,
        status=status,
        amount=1500,
        currency="USD",
    )


async def test_a_used_consent_still_carries_what_uses_it(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        consent = (await grant(session, customer, agreed, expires_at=NOW + HOUR)).consent
    consent.used_by_id = user = consent.id
    assert consents.status(consent, NOW) == ConsentStatus.USED
    assert not consents.is_active(consent, NOW)
    assert not consents.is_active(consent, NOW, user=customer.id)
    assert consents.is_active(consent, NOW, user=user)
    assert not consents.is_active(consent, NOW + HOUR, user=user)
