"""Nothing is charged that no active consent allows: against a plain reference, and case by case on real rows."""

import asyncio
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import consents
from billing.consents import ScopeInput, coverage
from billing.consents.coverage import covers
from billing.consents.intervals import at_most_once
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


FITS = [
    (("month", 1), ("month", 1)),
    (("year", 1), ("month", 1)),
    (("year", 1), ("month", 12)),
    (("month", 12), ("year", 1)),
    (("month", 3), ("month", 2)),
    (("week", 1), ("day", 7)),
    (("day", 14), ("week", 2)),
    (("day", 31), ("month", 1)),
    (("month", 1), ("week", 4)),
    (("year", 1), ("day", 365)),
    (("month", 2), ("day", 59)),
    (("day", 366), ("year", 1)),
]
DOES_NOT_FIT = [
    (("month", 1), ("year", 1)),
    (("month", 11), ("year", 1)),
    (("week", 1), ("month", 1)),
    (("day", 30), ("month", 1)),
    (("week", 4), ("month", 1)),
    (("month", 1), ("day", 29)),
    (("day", 365), ("year", 1)),
    (("year", 1), ("day", 366)),
    (("day", 6), ("week", 1)),
    (("month", 2), ("day", 60)),
]


@pytest.mark.parametrize(("charged", "allowed"), FITS)
def test_a_price_that_never_falls_due_twice_in_the_interval_fits(
    charged: tuple[str, int], allowed: tuple[str, int]
) -> None:
    assert at_most_once(charged, allowed)


@pytest.mark.parametrize(("charged", "allowed"), DOES_NOT_FIT)
def test_a_price_that_may_fall_due_twice_in_the_interval_does_not_fit(
    charged: tuple[str, int], allowed: tuple[str, int]
) -> None:
    assert not at_most_once(charged, allowed)


UNITS = st.sampled_from(["day", "week", "month", "year"])
INTERVALS = st.tuples(UNITS, st.integers(1, 36)).filter(lambda it: it[0] != "year" or it[1] <= 3)


def due(anchor: date, interval: tuple[str, int], times: int) -> date:
    """When Stripe charges: counted from the anchor, so that the 31st comes back after February."""
    unit, count = interval[0], interval[1] * times
    if unit in ("day", "week"):
        return anchor + timedelta(days=count * (7 if unit == "week" else 1))
    month = anchor.year * 12 + anchor.month - 1 + count * (12 if unit == "year" else 1)
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


@given(
    charged=INTERVALS, allowed=INTERVALS, anchor=st.dates(date(2024, 1, 1), date(2031, 12, 31)), start=st.integers(0, 3)
)
def test_what_fits_is_never_charged_twice_in_an_interval_on_the_calendar(
    charged: tuple[str, int], allowed: tuple[str, int], anchor: date, start: int
) -> None:
    """An interval of the consent begins at a charge; the next charge comes when it is over, or later."""
    if at_most_once(charged, allowed):
        first, second = due(anchor, charged, start), due(anchor, charged, start + 1)
        if allowed[0] in ("day", "week") or charged[0] in ("day", "week"):
            assert second >= due(first, allowed, 1)
        else:
            assert due(anchor, charged, 1) >= due(anchor, allowed, 1)


AMOUNTS = st.none() | st.integers(1, 3000)
PRODUCTS = st.none() | st.lists(st.sampled_from([UUID(int=each) for each in range(3)]), min_size=1, unique=True).map(
    tuple
)
SCOPES = st.builds(
    Scope,
    usage=st.sampled_from(["RECURRING", "UNSCHEDULED"]),
    interval_unit=st.sampled_from(["month", "year"]),
    interval_count=st.integers(1, 3),
    currency=st.none() | st.sampled_from(["USD", "EUR"]),
    maximum_amount=AMOUNTS,
    monthly_maximum=AMOUNTS,
    product_ids=PRODUCTS,
)


def plainly_covers(allowed: Scope, needed: Scope) -> bool:
    """The rule as one would say it, one limit after the other."""
    months = {"month": 1, "year": 12}
    if needed.usage != allowed.usage:
        return False
    if allowed.currency is not None and needed.currency != allowed.currency:
        return False
    for limit in (allowed.maximum_amount, allowed.monthly_maximum):
        if limit is not None and (needed.maximum_amount is None or needed.maximum_amount > limit):
            return False
    if allowed.product_ids is not None:
        if needed.product_ids is None:
            return False
        for product in needed.product_ids:
            if product not in allowed.product_ids:
                return False
    size = [(each.interval_count or 0) * months[each.interval_unit or ""] for each in (allowed, needed)]
    return size[1] >= size[0]


@given(allowed=SCOPES, needed=SCOPES)
def test_covering_is_what_a_plain_reading_of_the_scope_says(allowed: Scope, needed: Scope) -> None:
    assert covers(allowed, needed) == plainly_covers(allowed, needed)


@given(scope=SCOPES.filter(lambda it: it.currency and it.maximum_amount and it.product_ids))
def test_a_consent_for_exactly_what_was_required_covers_it(scope: Scope) -> None:
    wider = Scope(**{**scope.__dict__, "monthly_maximum": None})
    assert covers(wider, wider)


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
