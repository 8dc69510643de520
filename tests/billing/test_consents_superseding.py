"""Consents one after the other: chains, succession, and what rests on them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlmodel import col, select

from billing import consents
from billing.consents import ConsentStatus
from billing.database import Database
from billing.tables import Consent, ConsentRecord
from tests.billing.consent_rows import (
    NOW,
    customer_caller,
    dollars,
    grant,
    make_customer,
    make_invoice,
    make_price,
    make_product,
    make_setup_session,
    make_subscription,
    monthly,
    publish,
    reload_subscription,
)


async def test_twenty_grants_at_once_make_a_chain_without_gaps(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)

    async def one() -> None:
        async with database.transaction() as session:
            await grant(session, customer, agreed)

    await asyncio.gather(*(one() for _ in range(20)))
    async with database.read() as session:
        state = await consents.ledger.verify(session, customer.id)
        statement = select(ConsentRecord.sequence).where(ConsentRecord.customer_id == customer.id)
        sequences = (await session.exec(statement.order_by(col(ConsentRecord.sequence)))).all()
        active = (await session.exec(select(Consent).where(col(Consent.superseded_by_id).is_(None)))).all()
    assert state.intact, state.what
    assert list(sequences) == list(range(1, 21))
    assert len(active) == 1


async def test_a_newer_consent_supersedes_only_one_of_the_same_kind(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        other_terms = await publish(session, slug="another")
        product = await make_product(session)
        subscription = await make_subscription(session, customer, None)
        stay = [
            await grant(session, customer, other_terms),
            await grant(session, customer, agreed, scope=monthly(currency="EUR", maximum_amount=None)),
            await grant(session, customer, agreed, scope=monthly(product_ids=[product.id])),
            await grant(session, customer, agreed, subscription_id=subscription.id),
            await grant(session, await make_customer(session), agreed),
        ]
        goes = await grant(session, customer, agreed)
        newer_terms = await publish(session, timing="On the first of the month.")
        newest = await grant(session, customer, newer_terms, scope=monthly(maximum_amount=dollars("99")))
        assert {consents.status(each.consent, NOW) for each in stay} == {ConsentStatus.ACTIVE}
        assert consents.status(goes.consent, NOW) == ConsentStatus.SUPERSEDED
        assert goes.consent.superseded_by_id == newest.consent.id


async def test_what_rests_on_the_older_consent_passes_where_the_newer_covers_it(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        cheap, dear = await make_price(session, unit_amount=1500), await make_price(session, unit_amount=3000)
        wide = monthly(maximum_amount=dollars("50"), maximum_subscriptions=4)
        older = (await grant(session, customer, agreed, scope=wide)).consent
        fits = await make_subscription(session, customer, older, cheap)
        costs_more = await make_subscription(session, customer, older, dear)
        together = await make_subscription(session, customer, older, cheap, cheap)
        ended = await make_subscription(session, customer, older, cheap, status="canceled")
        page = await make_setup_session(session, older)
        await make_setup_session(session, older, "complete")
        newer = await grant(session, customer, agreed, scope=monthly(maximum_subscriptions=4))
        assert newer.passed == (fits.id,)
        assert newer.stopped == (costs_more.id, together.id)
        assert newer.setup_sessions == (page.id,)
        rests = [(await reload_subscription(session, each.id)).consent_id for each in (fits, costs_more, ended)]
        assert rests == [newer.consent.id, older.id, older.id]


async def test_no_more_subscriptions_pass_than_the_newer_consent_carries(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        price = await make_price(session)
        older = (await grant(session, customer, agreed, scope=monthly(maximum_subscriptions=2))).consent
        first = await make_subscription(session, customer, older, price)
        second = await make_subscription(session, customer, older, price, created_at=NOW + timedelta(hours=1))
        newer = await grant(session, customer, agreed)
    assert (newer.passed, newer.stopped) == ((first.id,), (second.id,))


async def test_a_consent_takes_over_the_subscription_that_it_names(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        price = await make_price(session, unit_amount=2500)
        older = (await grant(session, customer, agreed)).consent
        held = await make_subscription(session, customer, older, price)
        foreign = await make_subscription(session, customer, None, price)
        too_small = await grant(session, customer, agreed, subscription_id=held.id)
        enough = monthly(maximum_amount=dollars("25"))
        large = await grant(session, customer, agreed, scope=enough, subscription_id=held.id)
        unmanaged = await grant(session, customer, agreed, scope=enough, subscription_id=foreign.id)
        assert (too_small.passed, too_small.stopped) == ((), ())
        assert (large.passed, large.stopped) == ((held.id,), ())
        assert unmanaged.passed == ()
        assert (await reload_subscription(session, held.id)).consent_id == large.consent.id
        assert consents.status(older, NOW) == ConsentStatus.ACTIVE


async def test_a_price_without_one_amount_counts_with_what_was_billed_last(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        metered = await make_price(session, unit_amount=None)
        older = (await grant(session, customer, agreed, scope=monthly(maximum_subscriptions=2))).consent
        unknown = await make_subscription(session, customer, older, metered)
        billed = await make_subscription(session, customer, older, metered)
        billed.latest_invoice_stripe_id = (await make_invoice(session, billed, 1900)).stripe_id
        newer = await grant(session, customer, agreed, scope=monthly(maximum_subscriptions=2))
    assert (newer.passed, newer.stopped) == ((billed.id,), (unknown.id,))


async def test_an_expired_consent_is_succeeded_and_a_revoked_one_is_not(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        soon, price = NOW + timedelta(hours=1), await make_price(session)
        expired = (await grant(session, customer, agreed, expires_at=soon)).consent
        held = await make_subscription(session, customer, expired, price)
        renewed = await grant(session, customer, agreed, now=soon)
        assert renewed.passed == (held.id,)
        await consents.revoke(session, customer_caller(customer), consent_id=renewed.consent.id, now=soon)
        again = await grant(session, customer, agreed, now=soon)
        assert (again.passed, again.stopped) == ((), ())
        assert renewed.consent.superseded_by_id is None


async def test_grants_read_back_as_they_were_asked_for(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        products = [(await make_product(session)).id for _ in range(3)]
        wanted = monthly(product_ids=[*reversed(products), products[0]], monthly_maximum=dollars("30.5"))
        made = (await grant(session, customer, agreed, scope=wanted)).consent
    async with database.read() as session:
        found = await consents.scope_of(session, await session.get_one(Consent, made.id))
    assert found.product_ids == tuple(sorted(products))
    assert found.monthly_maximum == 3050
    assert replace(found, product_ids=None).dump() == {
        "usage": "RECURRING",
        "interval_unit": "month",
        "interval_count": 1,
        "currency": "USD",
        "maximum_amount": 2000,
        "monthly_maximum": 3050,
        "product_ids": None,
        "maximum_subscriptions": 1,
    }
