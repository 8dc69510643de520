"""Recording consents: evidence, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import func, select

from billing import consents
from billing.consents import Amount, ScopeInput
from billing.database import Database
from billing.errors import InvalidInput, InvalidTransition, NotFound, TermsSuperseded
from billing.tables import Consent, Product
from tests.billing.consent_rows import (
    NOW,
    customer_caller,
    dollars,
    grant,
    make_customer,
    make_product,
    make_subscription,
    monthly,
    publish,
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


WRONG = {
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
    assert paths(refused.value) == WRONG


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
