"""Disputes, as Stripe's events tell of them."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import redact
from billing.database import Database
from billing.mirror import NotOurs, ParentUnknown
from billing.mirror.fields import instant
from billing.stripe_gateway import Answer
from billing.tables import Customer, Dispute, StripeObject
from tests.billing import stripe_objects
from tests.billing.consent_rows import KEY
from tests.billing.mirroring import NOW, _customer_1, tell, the_only
from tests.billing.stripe_events import an_event, learn_all, snapshot
from tests.billing.stripe_objects import SECOND

DUE = SECOND + 10 * 24 * 3600


async def a_payment(session: AsyncSession) -> Customer:
    owner = await _customer_1(session)
    await tell(session, "payment_intent.created", stripe_objects.payment_intent("pi_1", "cus_1"))
    return owner


async def test_a_dispute_belongs_to_the_customer_whose_payment_it_is_about(database: Database) -> None:
    async with database.transaction() as session:
        owner = await a_payment(session)
        await tell(session, "charge.dispute.created", stripe_objects.dispute("du_1", "pi_1"))
        row = await the_only(session, Dispute)
        assert (row.customer_id, row.payment_stripe_id, row.amount, row.currency) == (owner.id, "pi_1", 1500, "USD")
        assert (row.status, row.reason, row.evidence_due_at) == ("needs_response", "fraudulent", instant(DUE))
        assert row.evidence_submitted_at is None


async def test_it_is_kept_when_evidence_was_first_seen_to_be_sent(database: Database) -> None:
    details = {"due_by": DUE, "has_evidence": True, "submission_count": 1}
    sent = stripe_objects.dispute("du_1", "pi_1", status="under_review", evidence_details=details)
    async with database.transaction() as session:
        await a_payment(session)
        await tell(session, "charge.dispute.created", stripe_objects.dispute("du_1", "pi_1"))
        await tell(session, "charge.dispute.updated", sent, SECOND + 60)
        await tell(session, "charge.dispute.closed", {**sent, "status": "won"}, SECOND + 90)
        row = await the_only(session, Dispute)
        assert (row.status, row.evidence_submitted_at) == ("won", instant(SECOND + 60))


async def test_one_of_an_unknown_payment_waits_and_one_of_nobodys_is_left_alone(database: Database) -> None:
    async with database.transaction() as session:
        await a_payment(session)
        with pytest.raises(ParentUnknown) as unknown:
            await tell(session, "charge.dispute.created", stripe_objects.dispute("du_1", "pi_9"))
        assert (unknown.value.type, unknown.value.stripe_id) == ("payment_intent", "pi_9")
        with pytest.raises(NotOurs):
            await tell(session, "charge.dispute.created", stripe_objects.dispute("du_2", None))


def a_lost_year(now: datetime) -> list[dict[str, Any]]:
    """From an inquiry to the end, three of the events in one second."""
    warned = stripe_objects.dispute("du_1", "pi_1", status="warning_needs_response")
    disputed = {**warned, "status": "needs_response"}
    withdrawn = {**disputed, "balance_transactions": [{"id": "txn_1"}]}
    sent = {"due_by": DUE, "has_evidence": True, "submission_count": 1}
    reviewed = {**withdrawn, "status": "under_review", "evidence_details": sent}
    won = {**reviewed, "status": "won"}
    back = {**won, "balance_transactions": [{"id": "txn_1"}, {"id": "txn_2"}]}
    before = {"status": "needs_response", "evidence_details": disputed["evidence_details"]}
    return [
        an_event("charge.dispute.created", warned, SECOND),
        an_event("charge.dispute.updated", disputed, SECOND + 9, previous={"status": "warning_needs_response"}),
        an_event("charge.dispute.funds_withdrawn", withdrawn, SECOND + 10),
        an_event("charge.dispute.updated", reviewed, SECOND + 10, previous=before),
        an_event("charge.dispute.closed", won, SECOND + 20),
        an_event("charge.dispute.funds_reinstated", back, SECOND + 20),
    ]


async def test_every_order_of_its_events_ends_in_the_same_row(database: Database) -> None:
    events = a_lost_year(NOW)
    truth = {"du_1": Answer(events[-1]["data"]["object"], SECOND + 30, SECOND + 30)}
    expected: dict[str, Any] = {}
    for order in list(permutations(events))[::7]:
        async with database.transaction() as session:
            await a_payment(session)
            await learn_all(session, order, truth, NOW)
            [found] = (await snapshot(session))["Dispute"]
            # What was sent was first seen by whichever event came first of those that show it.
            assert found.pop("evidence_submitted_at") >= instant(SECOND + 10)
            expected = expected or found
            assert {**found, "customer_id": None} == {**expected, "customer_id": None}
            await session.rollback()
    assert (expected["status"], expected["evidence_due_at"]) == ("won", instant(DUE))


async def test_a_redaction_empties_the_evidence(database: Database) -> None:
    evidence = {"customer_name": "Ada", "uncategorized_text": "Ada agreed."}
    async with database.transaction() as session:
        owner = await a_payment(session)
        await tell(session, "charge.dispute.created", stripe_objects.dispute("du_1", "pi_1", evidence=evidence))
        await redact(session, KEY, customer_id=owner.id, now=NOW + timedelta(days=1))
        stored = await session.get_one(StripeObject, "du_1")
        assert stored.data["evidence"] is None
        later = stripe_objects.dispute("du_1", "pi_1", evidence=evidence, status="under_review")
        await tell(session, "charge.dispute.updated", later, SECOND + 60)
        await session.flush()
        stored = await session.get_one(StripeObject, "du_1", populate_existing=True)
        assert (stored.data["status"], stored.data["evidence"]) == ("under_review", None)
