"""Coverage: the active consent that allows what is needed, or what is missing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing import consents
from billing.consents import ScopeInput, coverage
from billing.consents.spending import month_of
from billing.database import Database
from billing.errors import ConsentRequired, ConsentScopeExceeded, NotFound, Scope, TermsSuperseded
from billing.tables import Consent, OperationStatus, new_id
from tests.billing.consent_rows import (
    KEY,
    NOW,
    dollars,
    grant,
    make_customer,
    make_invoice,
    make_operation,
    make_price,
    make_product,
    make_setup_session,
    make_subscription,
    monthly,
    publish,
)

PRODUCT = new_id()


def needs(**changes: Any) -> Scope:
    values: dict[str, Any] = {
        "usage": "RECURRING",
        "interval_unit": "month",
        "interval_count": 1,
        "currency": "USD",
        "maximum_amount": 1500,
        "product_ids": (PRODUCT,),
        **changes,
    }
    return Scope(**values)


async def test_the_active_consent_that_covers_is_found(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        product = (await make_product(session)).id
        small = (await grant(session, customer, agreed, scope=monthly(maximum_amount=dollars("15")))).consent
        later = NOW + timedelta(hours=1)
        other = monthly(product_ids=[product], maximum_amount=dollars("5"))
        newest = (await grant(session, customer, agreed, scope=other, now=later)).consent
        found = await coverage.require(session, customer_id=customer.id, needed=needs(), now=later)
        assert found.id == small.id
        wanted = needs(maximum_amount=1501)
        with pytest.raises(ConsentScopeExceeded) as refused:
            await coverage.require(session, customer_id=customer.id, needed=wanted, now=later)
        assert refused.value.consent_id == newest.id
        assert refused.value.required.maximum_amount == 1501
        with pytest.raises(ConsentScopeExceeded) as refused:
            await coverage.require(session, customer_id=customer.id, needed=needs(), consent_id=newest.id, now=later)
        assert refused.value.consent_id == newest.id


async def test_without_an_active_consent_for_this_use_one_is_required(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        extra = await publish(session, slug="extra", usage="UNSCHEDULED")
        unscheduled = (await grant(session, customer, extra, scope=ScopeInput("UNSCHEDULED"))).consent
        revoked = (await grant(session, customer, agreed)).consent
        await consents.revoke(session, KEY, consent_id=revoked.id, now=NOW)
        expired = (await grant(session, customer, agreed, expires_at=NOW + timedelta(seconds=1))).consent
        for consent_id in (None, unscheduled.id, revoked.id, expired.id):
            with pytest.raises(ConsentRequired) as refused:
                await coverage.require(
                    session,
                    customer_id=customer.id,
                    needed=needs(),
                    consent_id=consent_id,
                    now=NOW + timedelta(seconds=1),
                )
            assert refused.value.required == needs()


async def test_a_foreign_consent_is_not_found(database: Database) -> None:
    async with database.transaction() as session:
        customer, other, agreed = await make_customer(session), await make_customer(session), await publish(session)
        await grant(session, customer, agreed)
        theirs = (await grant(session, other, agreed)).consent
        for consent_id in (theirs.id, new_id()):
            with pytest.raises(NotFound) as refused:
                await coverage.require(session, customer_id=customer.id, needed=needs(), consent_id=consent_id, now=NOW)
            assert refused.value.path == ("input", "consentId")
        with pytest.raises(NotFound):
            await coverage.require(session, customer_id=None, needed=needs(), now=NOW)


async def test_a_named_consent_that_was_superseded_stands_for_its_successor(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        named = (await grant(session, customer, agreed)).consent
        await grant(session, customer, agreed)
        newest = (await grant(session, customer, agreed)).consent
        found = await coverage.require(session, customer_id=customer.id, needed=needs(), consent_id=named.id, now=NOW)
    assert found.id == newest.id


async def test_a_consent_that_names_a_subscription_covers_that_one_alone(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        named = await make_subscription(session, customer, None)
        consent = (await grant(session, customer, agreed, subscription_id=named.id)).consent
        with pytest.raises(ConsentRequired):
            await coverage.require(session, customer_id=customer.id, needed=needs(), now=NOW)
        general = (await grant(session, customer, agreed, now=NOW + timedelta(hours=1))).consent
        asked: dict[str, Any] = {"customer_id": customer.id, "needed": needs(), "now": NOW + timedelta(hours=1)}
        assert (await coverage.require(session, **asked, subscription_id=named.id)).id == consent.id
        assert (await coverage.require(session, **asked)).id == general.id


async def carries(database: Database, **changes: Any) -> tuple[Any, Consent]:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        return customer, (await grant(session, customer, agreed, scope=monthly(**changes))).consent


async def test_a_consent_carries_as_many_subscriptions_as_it_says(database: Database) -> None:
    customer, consent = await carries(database, maximum_subscriptions=3)
    async with database.transaction() as session:
        asked: dict[str, Any] = {"customer_id": customer.id, "needed": needs(), "now": NOW}
        live = await make_subscription(session, customer, consent, status="past_due")
        await make_subscription(session, customer, consent, status="canceled")
        await make_subscription(session, customer, consent, status="incomplete_expired")
        pending = await make_operation(session, consent)
        await make_operation(session, consent, status=OperationStatus.RELEASED)
        await make_operation(session, consent, mutation="createSetupSession")
        # Its subscription is known already: one, not two.
        made = await make_operation(session, consent, node_id=live.id)
        await coverage.require(session, **asked)
        unknown = await make_operation(session, consent, status=OperationStatus.UNKNOWN)
        with pytest.raises(ConsentScopeExceeded) as refused:
            await coverage.require(session, **asked)
        assert refused.value.required.maximum_subscriptions == 4
        for operation in (pending, unknown, made):
            await coverage.require(session, **asked, operation_id=operation.id)
        await coverage.require(session, **asked, subscription_id=live.id)


async def test_parallel_reservations_see_each_other(database: Database) -> None:
    """Whoever reserves second finds the first one's reservation, however close they are."""
    customer, _ = await carries(database, maximum_subscriptions=3)

    async def reserve() -> bool:
        try:
            async with database.transaction() as session:
                found = await coverage.require(session, customer_id=customer.id, needed=needs(), now=NOW)
                await make_operation(session, found)
        except ConsentScopeExceeded:
            return False
        return True

    assert sum(await asyncio.gather(*(reserve() for _ in range(12)))) == 3


async def test_a_month_counts_what_was_paid_in_it_and_what_is_still_collectible(database: Database) -> None:
    customer, consent = await carries(database, monthly_maximum=dollars("100"), maximum_subscriptions=9)
    october, november = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    async with database.transaction() as session:
        subscription = await make_subscription(session, customer, consent)
        other = await make_subscription(session, customer, None)
        await make_invoice(session, subscription, 100, status="paid", created_at=october, paid_at=november)
        await make_invoice(session, subscription, 200, status="paid", created_at=october, paid_at=october)
        await make_invoice(session, subscription, 400, status="paid", created_at=november)
        await make_invoice(session, subscription, 800, status="paid", created_at=october)
        old_debt = await make_invoice(session, subscription, 1600, status="open", created_at=october)
        await make_invoice(session, subscription, 3200, status="draft")
        await make_invoice(session, subscription, 6400, status="void")
        await make_invoice(session, subscription, 12800, status="uncollectible")
        await make_invoice(session, other, 25600, status="open")
        counted = 100 + 400 + 1600 + 3200
        asked: dict[str, Any] = {"customer_id": customer.id, "now": NOW}
        await coverage.require(session, needed=needs(maximum_amount=1500), **asked)
        with pytest.raises(ConsentScopeExceeded) as refused:
            await coverage.require(session, needed=needs(maximum_amount=10_000 - counted + 1), **asked)
        # More than one payment may be: the month is not what refuses.
        assert refused.value.required.monthly_maximum == 10_001
        await make_invoice(session, subscription, 10_000 - counted - 1999, status="open")
        with pytest.raises(ConsentScopeExceeded) as refused:
            await coverage.require(session, needed=needs(maximum_amount=2000), **asked)
        assert refused.value.required.monthly_maximum == 10_001
        await coverage.require(session, needed=needs(maximum_amount=1999), **asked)
        wanted = needs(maximum_amount=2000)
        await coverage.require(session, needed=wanted, **asked, invoice_stripe_id=old_debt.stripe_id)
        december = datetime(2026, 12, 1, tzinfo=UTC)
        await coverage.require(session, needed=needs(maximum_amount=2000), customer_id=customer.id, now=december)


async def test_the_invoice_of_a_new_subscription_does_not_count_against_itself(database: Database) -> None:
    customer, consent = await carries(database, monthly_maximum=dollars("25"), maximum_subscriptions=2)
    async with database.transaction() as session:
        subscription = await make_subscription(session, customer, consent, status="incomplete")
        await make_invoice(session, subscription, 1500)
        operation = await make_operation(session, consent, node_id=subscription.id)
        asked: dict[str, Any] = {"customer_id": customer.id, "needed": needs(), "now": NOW}
        await coverage.require(session, **asked, operation_id=operation.id, subscription_id=subscription.id)
        with pytest.raises(ConsentScopeExceeded):
            await coverage.require(session, **asked)


def test_a_month_in_december_ends_with_the_year() -> None:
    assert month_of(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )


async def test_a_method_is_saved_only_under_an_active_consent_to_current_terms(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        ends = NOW + timedelta(hours=1)
        consent = (await grant(session, customer, agreed, expires_at=ends)).consent
        asked: dict[str, Any] = {"customer_id": customer.id, "consent_id": consent.id}
        assert (await coverage.require_for_setup(session, **asked, now=NOW)).id == consent.id
        with pytest.raises(ConsentRequired) as refused:
            await coverage.require_for_setup(session, **asked, now=ends)
        assert refused.value.required == await consents.scope_of(session, consent)
        newer = await publish(session, timing="Once a year.")
        with pytest.raises(TermsSuperseded) as superseded:
            await coverage.require_for_setup(session, **asked, now=NOW)
        assert superseded.value.terms_id == newer.id
        assert (await coverage.require_for_setup(session, **asked, current=False, now=NOW)).id == consent.id
        other = await make_customer(session)
        for customer_id, consent_id in ((other.id, consent.id), (customer.id, None)):
            with pytest.raises(NotFound):
                await coverage.require_for_setup(session, customer_id=customer_id, consent_id=consent_id, now=NOW)


async def test_a_revocation_tells_what_rests_on_the_consent(database: Database) -> None:
    customer, consent = await carries(database, maximum_subscriptions=5)
    async with database.transaction() as session:
        price = await make_price(session)
        live = await make_subscription(session, customer, consent, price)
        await make_subscription(session, customer, consent, price, status="canceled")
        await make_subscription(session, customer, None, price)
        page = await make_setup_session(session, consent)
        await make_setup_session(session, consent, "expired")
        revoked = await consents.revoke(session, KEY, consent_id=consent.id, reason="moving", now=NOW)
        again = await consents.revoke(session, KEY, consent_id=consent.id, now=NOW)
    assert (revoked.subscriptions, revoked.setup_sessions, revoked.under_way) == ((live.id,), (page.id,), ())
    assert again == revoked
    assert consents.status(revoked.consent, NOW) == "REVOKED"
