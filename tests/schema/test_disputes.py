"""Disputes, by the day on which evidence is due."""

from datetime import timedelta
from typing import Any

from billing.database import Database
from tests import factories as make
from tests import taken_back
from tests.factories import NOW
from tests.schema.conftest import KEY, Client, token_of

PAGE = """query ($after: String, $status: [DisputeStatus!]) { disputes(first: 2, after: $after, status: $status) {
    edges { cursor node { stripeId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
DUE_IN = {"du_late": 9, "du_soon": 1, "du_next": 2, "du_never": None, "du_next_too": 2}


async def some_disputes(database: Database) -> None:
    async with database.transaction() as session:
        payment = await make.create_payment(session, await make.create_customer(session))
        for name, days in DUE_IN.items():
            due = None if days is None else NOW + timedelta(days=days)
            status = "lost" if days is None else "needs_response"
            await taken_back.create_dispute(session, payment, stripe_id=name, evidence_due_at=due, status=status)


async def pages(client: Client, **variables: Any) -> list[list[str]]:
    found: list[list[str]] = []
    after = None
    while True:
        page = (await client.ask(PAGE, after=after, **variables))["disputes"]
        found.append([each["node"]["stripeId"] for each in page["edges"]])
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_those_come_first_whose_evidence_is_due_first(client: Client, database: Database) -> None:
    await some_disputes(database)
    client.statements.clear()
    assert await pages(client) == [["du_soon", "du_next"], ["du_next_too", "du_late"], ["du_never"]]
    assert await pages(client, status=["NEEDS_RESPONSE"]) == [["du_soon", "du_next"], ["du_next_too", "du_late"]]
    assert len(client.statements) == 5


async def test_a_payment_tells_its_disputes_and_either_kind_of_id_finds_one(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        payment = await make.create_payment(session, customer)
        for name in ("du_1", "dp_2"):
            await taken_back.create_dispute(session, payment, stripe_id=name, amount=1, evidence_submitted_at=NOW)
    wanted = """{ byStripeId(stripeId: "%s") { ... on Dispute { amount { amount currency } status reason evidenceDueAt
        evidenceSubmittedAt payment { disputes { stripeId } } } } }"""
    for name in ("du_1", "dp_2"):
        for caller in (KEY, token_of(customer)):
            found = (await client.ask(wanted % name, caller))["byStripeId"]
            assert found == {
                "amount": {"amount": "0.01", "currency": "USD"},
                "status": "NEEDS_RESPONSE",
                "reason": "fraudulent",
                "evidenceDueAt": "2026-12-03T18:00:00Z",
                "evidenceSubmittedAt": "2026-11-23T18:00:00Z",
                "payment": {"disputes": [{"stripeId": "du_1"}, {"stripeId": "dp_2"}]},
            }
