import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select

from billing import consents
from billing.consents import Amount, ConsentStatus, ScopeInput
from billing.database import Database
from billing.errors import InvalidInput, InvalidTransition, NotFound, TermsSuperseded
from billing.tables import Consent, ConsentRecord, Product
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


async def test_a_key_reports_the_evidence(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        made = await grant(
            session,
            customer,
            agreed,
            ip_address="2001:0db8::0007",
            user_agent="Safari",
            locale="de-AT",
            channel="EMAIL",
            terms_sha256=agreed.sha256.upper(),
            expires_at=NOW + timedelta(days=1),
        )
    consent = made.consent
    assert (consent.ip_address, consent.user_agent, consent.observed) == ("2001:db8::7", "Safari", False)
    assert (consent.recorded_by, consent.locale, consent.channel) == ("shop", "de-AT", "EMAIL")
    assert (consent.maximum_amount, consent.currency, consent.interval_unit) == (2000, "USD", "month")
    assert consent.created_at == NOW
    assert (made.passed, made.stopped, made.setup_sessions) == ((), (), ())


async def test_a_customers_own_evidence_is_what_the_request_shows(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        made = await grant(session, customer, agreed, caller=customer_caller(customer))
    consent = made.consent
    assert (consent.ip_address, consent.user_agent, consent.observed) == ("203.0.113.7", "Firefox/130", True)
    assert consent.recorded_by == "CUSTOMER"


async def test_a_customer_may_not_say_where_the_request_came_from(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        with pytest.raises(InvalidInput) as refused:
            await grant(
                session,
                customer,
                agreed,
                caller=customer_caller(customer),
                ip_address="203.0.113.7",
                user_agent="Firefox/130",
            )
    assert paths(refused.value) == {"input.ipAddress", "input.userAgent"}


def paths(error: InvalidInput) -> set[str]:
    return {".".join(each.path) for each in error.problems}


async def test_everything_that_is_wrong_is_said_at_once(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        scope = ScopeInput(
            usage="UNSCHEDULED",
            interval_unit="month",
            interval_count=1,
            currency="usd",
            maximum_amount=Amount(dollars("1.001").amount, "usd"),
            monthly_maximum=dollars("0"),
            product_ids=[],
            maximum_subscriptions=0,
        )
        with pytest.raises(InvalidInput) as refused:
            await grant(
                session,
                customer,
                agreed,
                scope=scope,
                accepted=False,
                terms_sha256="0" * 64,
                ip_address="localhost",
                user_agent="\0",
                locale="x" * 36,
                expires_at=NOW,
            )
        assert (await session.exec(select(func.count()).select_from(Consent))).one() == 0
    assert paths(refused.value) == {
        "input.accepted",
        "input.termsSha256",
        "input.scope.usage",
        "input.scope.interval",
        "input.scope.currency",
        "input.scope.maximumAmount.amount",
        "input.scope.monthlyMaximum.currency",
        "input.scope.productIds",
        "input.scope.maximumSubscriptions",
        "input.ipAddress",
        "input.userAgent",
        "input.locale",
        "input.expiresAt",
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"interval_unit": None, "interval_count": None}, "input.scope.interval"),
        ({"interval_count": 0}, "input.scope.interval.count"),
        ({"interval_count": 37}, "input.scope.interval.count"),
        ({"interval_unit": "year", "interval_count": 4}, "input.scope.interval.count"),
        ({"maximum_amount": dollars("-1")}, "input.scope.maximumAmount.amount"),
        ({"maximum_amount": dollars("0.00")}, "input.scope.maximumAmount.amount"),
        ({"maximum_amount": dollars("1E+20")}, "input.scope.maximumAmount.amount"),
        ({"currency": "EUR"}, "input.scope.maximumAmount.currency"),
        (
            {"currency": None, "monthly_maximum": Amount(dollars("9").amount, "EUR")},
            "input.scope.monthlyMaximum.currency",
        ),
        ({"maximum_subscriptions": -1}, "input.scope.maximumSubscriptions"),
    ],
)
async def test_a_wrong_scope_is_refused(database: Database, changes: dict[str, Any], path: str) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        with pytest.raises(InvalidInput) as refused:
            await grant(session, customer, agreed, scope=monthly(**changes))
    assert paths(refused.value) == {path}


async def test_only_a_recurring_consent_has_an_interval_or_carries_subscriptions(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session, slug="extra", usage="UNSCHEDULED")
        made = await grant(session, customer, agreed, scope=ScopeInput("UNSCHEDULED", currency="JPY"))
        assert (made.consent.interval_unit, made.consent.currency) == (None, "JPY")
        with pytest.raises(InvalidInput) as refused:
            await grant(session, customer, agreed, scope=ScopeInput("UNSCHEDULED", maximum_subscriptions=2))
    assert paths(refused.value) == {"input.scope.maximumSubscriptions"}


async def test_a_limit_brings_its_currency(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        made = await grant(session, customer, agreed, scope=monthly(currency=None))
        free = await grant(session, customer, agreed, scope=monthly(currency=None, maximum_amount=None))
    assert (made.consent.currency, free.consent.currency) == ("USD", None)


async def test_an_older_version_is_superseded_by_the_current_one(database: Database) -> None:
    async with database.transaction() as session:
        customer, older = await make_customer(session), await publish(session)
        newer = await publish(session, timing="Once a year.")
        with pytest.raises(TermsSuperseded) as refused:
            await grant(session, customer, older)
    assert refused.value.terms_id == newer.id


async def test_what_is_unknown_or_somebody_elses_is_not_found(database: Database) -> None:
    async with database.transaction() as session:
        customer, other, agreed = await make_customer(session), await make_customer(session), await publish(session)
        product = await make_product(session)
        gone = Product(created_at=NOW, stripe_id="prod_gone", name="Gone", deleted_at=NOW)
        session.add(gone)
        theirs = await make_subscription(session, other, None)
        cases: list[tuple[dict[str, Any], tuple[str, ...]]] = [
            ({"caller": customer_caller(other)}, ("input", "customerId")),
            ({"scope": monthly(product_ids=[product.id, None])}, ("input", "scope", "productIds", "1")),
            ({"scope": monthly(product_ids=[gone.id])}, ("input", "scope", "productIds", "0")),
            ({"subscription_id": theirs.id}, ("input", "subscriptionId")),
            ({"subscription_id": customer.id}, ("input", "subscriptionId")),
        ]
        for changes, path in cases:
            with pytest.raises(NotFound) as refused:
                await grant(session, customer, agreed, **changes)
            assert refused.value.path == path
        for customer_id, terms_id, path in [
            (None, agreed.id, ("input", "customerId")),
            (agreed.id, agreed.id, ("input", "customerId")),
            (customer.id, None, ("input", "termsId")),
        ]:
            with pytest.raises(NotFound) as refused:
                await consents.record(
                    session,
                    customer_caller(customer),
                    customer_id=customer_id,
                    terms_id=terms_id,
                    scope=monthly(),
                    accepted=True,
                    now=NOW,
                )
            assert refused.value.path == path


async def test_nothing_is_agreed_with_a_customer_who_was_deleted(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session, deleted_at=NOW), await publish(session)
        with pytest.raises(InvalidTransition) as refused:
            await grant(session, customer, agreed)
    assert refused.value.node_id == customer.id


async def test_a_consent_is_for_a_living_subscription(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        ended = await make_subscription(session, customer, None, status="canceled")
        with pytest.raises(InvalidInput) as refused:
            await grant(session, customer, agreed, subscription_id=ended.id)
    assert paths(refused.value) == {"input.subscriptionId"}


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
