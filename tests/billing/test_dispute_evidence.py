"""What is shown to the bank: what is known, in Stripe's fields, within Stripe's limits."""

from datetime import timedelta
from typing import Any

import pytest

from billing import consents
from billing.database import Database
from billing.disputes import compose, gather
from billing.disputes.evidence import CUT, LONGEST, LONGEST_TOGETHER
from billing.tables import Consent, Customer, Dispute, Payment, StripeObject, Subscription, Terms
from tests import factories as make
from tests.billing.consent_rows import (
    KEY,
    NOW,
    customer_caller,
    grant,
    make_customer,
    make_price,
    make_subscription,
    publish,
)
from tests.taken_back import create_dispute, create_refund

PAID = NOW + timedelta(days=30)
ADDRESS = {"line1": "1 Bean Street", "city": "London", "postal_code": "E1 6AN", "country": "GB", "line2": None}


class Case:
    """A customer who disputes the second payment of a subscription."""

    customer: Customer
    consent: Consent
    terms: Terms
    subscription: Subscription
    payments: list[Payment]
    dispute: Dispute


async def a_case(database: Database, *, terms: dict[str, Any] | None = None, **changes: Any) -> Case:
    case = Case()
    async with database.transaction() as session:
        case.customer = await make_customer(session, name="Ada Lovelace")
        case.terms = await publish(session, **(terms or {}))
        caller = customer_caller(case.customer)
        case.consent = (await grant(session, case.customer, case.terms, caller=caller)).consent
        price = await make_price(session)
        case.subscription = await make_subscription(session, case.customer, case.consent, price)
        case.payments = []
        for number in (1, 2):
            at = NOW + timedelta(days=30 * (number - 1))
            billed: dict[str, Any] = {"subscription_stripe_id": case.subscription.stripe_id, "number": f"A-{number}"}
            invoice = await make.create_invoice(session, case.customer, created_at=at, **billed)
            period = {"period_start": at, "period_end": at + timedelta(days=30)}
            await make.create_invoice_line(session, invoice, description="1 x Pro", **period)
            payment = await make.create_payment(session, case.customer, created_at=at, consent_id=case.consent.id)
            await make.create_invoice_payment(session, invoice, payment)
            known: dict[str, Any] = {"type": "payment_intent", "known_from": 0, "known_until": 0}
            data = {"id": payment.stripe_id, "latest_charge": f"ch_{number}"}
            session.add(StripeObject(stripe_id=payment.stripe_id, data=data, **known))
            case.payments.append(payment)
        session.add(
            StripeObject(
                stripe_id=case.customer.stripe_id,
                type="customer",
                data={"address": ADDRESS},
                known_from=0,
                known_until=0,
            )
        )
        case.dispute = await create_dispute(session, case.payments[1], **changes)
    return case


async def told(database: Database, case: Case) -> dict[str, str]:
    async with database.read() as session:
        return compose(await gather(session, await session.get_one(Dispute, case.dispute.id)))


async def test_each_field_has_what_is_known(database: Database) -> None:
    case = await a_case(database)
    evidence = await told(database, case)
    assert evidence["customer_name"] == "Ada Lovelace"
    assert evidence["customer_email_address"] == "ada@example.com"
    assert evidence["billing_address"] == "1 Bean Street\nE1 6AN\nLondon\nGB"
    assert evidence["customer_purchase_ip"] == "203.0.113.7"
    assert evidence["product_description"] == "Pro\nBilled as: 1 x Pro"
    assert evidence["service_date"] == "23 December 2026 to 22 January 2027"
    assert "203.0.113.7, device Firefox/130; seen by the billing system itself" in evidence["access_activity_log"]
    assert case.terms.cancellation_policy is not None
    assert evidence["cancellation_policy_disclosure"].endswith(case.terms.cancellation_policy)
    assert "nor has one been since" in evidence["cancellation_rebuttal"]
    assert "duplicate_charge_id" not in evidence
    timeline = evidence["uncategorized_text"]
    assert timeline.index("agreed to") < timeline.index("invoice A-1") < timeline.index("invoice A-2")
    assert case.consent.terms_sha256 in timeline


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (PAID + timedelta(days=3), "after this was charged"),
        (PAID, "after this was charged"),
        (NOW + timedelta(days=12), None),
    ],
    ids=["after", "at once", "long before"],
)
async def test_whether_it_was_canceled_before_is_told_as_it_was(
    database: Database, asked: Any, says: str | None
) -> None:
    """Where the customer is right, nothing is said to the contrary."""
    case = await a_case(database)
    async with database.transaction() as session:
        row = await session.get_one(Subscription, case.subscription.id)
        row.canceled_at = asked
        session.add(row)
    rebuttal = (await told(database, case)).get("cancellation_rebuttal")
    assert rebuttal is None if says is None else says in (rebuttal or "")


async def test_two_payments_of_a_series_are_told_apart(database: Database) -> None:
    evidence = await told(database, await a_case(database, reason="duplicate"))
    assert evidence["duplicate_charge_id"] == "ch_1"
    assert "paid invoice A-1; the disputed one" in evidence["duplicate_charge_explanation"]


async def test_what_was_given_back_is_said(database: Database) -> None:
    case = await a_case(database)
    async with database.transaction() as session:
        await create_refund(session, case.payments[1], amount=500, status="succeeded")
        await create_refund(session, case.payments[1], amount=100, status="failed")
    assert "5.00 USD on" in (await told(database, case))["refund_refusal_explanation"]
    assert "1.00 USD" not in (await told(database, case))["refund_refusal_explanation"]


async def test_no_text_is_longer_than_stripe_takes(database: Database) -> None:
    case = await a_case(database, terms={"cancellation_policy": "word " * 3_999, "permission": "word " * 3_999})
    evidence = await told(database, case)
    assert len(evidence["cancellation_policy_disclosure"]) == LONGEST
    assert evidence["cancellation_policy_disclosure"].endswith(CUT)
    assert max(map(len, evidence.values())) <= LONGEST
    assert sum(map(len, evidence.values())) <= LONGEST_TOGETHER


async def test_after_a_redaction_nobody_is_named(database: Database) -> None:
    case = await a_case(database)
    async with database.transaction() as session:
        await consents.redact(session, KEY, customer_id=case.customer.id, now=PAID)
    evidence = await told(database, case)
    for gone in ("customer_name", "customer_email_address", "customer_purchase_ip", "billing_address"):
        assert gone not in evidence
    assert not any(each in text for text in evidence.values() for each in ("Ada", "203.0.113.7", "Firefox", "Bean"))


async def test_a_payment_without_a_consent_shows_what_there_is(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make_customer(session)
        payment = await make.create_payment(session, customer, description="A mug")
        dispute = await create_dispute(session, payment)
    async with database.read() as session:
        known = await gather(session, dispute)
    assert known.agreement is None
    evidence = compose(known)
    assert (evidence["product_description"], evidence["service_date"]) == ("A mug", "23 November 2026")
    assert "uncategorized_text" not in evidence
