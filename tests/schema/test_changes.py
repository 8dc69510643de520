"""The journal as the API shows it: histories, changes, cursors, and who sees what."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.database import Database
from billing.journal import Cause, caused_by
from billing.journal.pruning import prune
from billing.tables import Customer
from tests import factories as make
from tests.factories import NOW
from tests.schema.conftest import Client, token_of
from tests.schema.worlds import create_world

FIELDS = "fields { field before after }"
CHANGE = f"id cursor at nodeId node {{ __typename id }} cause {{ kind reference actor }} {FIELDS}"
CHANGES = (
    "query ($customerId: ID, $first: Int = 100, $after: String) "
    f"{{ changes(customerId: $customerId, first: $first, after: $after) {{ edges {{ cursor node {{ {CHANGE} }} }} "
    "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } journalCursor }"
)


async def renamed(session: AsyncSession, customer: Customer, name: str) -> None:
    row = await session.get_one(Customer, customer.id)
    row.name = name
    session.add(row)


async def test_a_history_tells_newest_first_what_was_changed_and_why(client: Client, database: Database) -> None:
    with caused_by(Cause.mutation("createCustomer", "backend")):
        async with database.transaction() as session:
            customer = await make.create_customer(session, name="Ada")
            await make.create_customer(session)
    with caused_by(Cause.event("evt_1")):
        async with database.transaction() as session:
            await renamed(session, customer, "Grace")
    document = f"query ($id: ID!) {{ customer(id: $id) {{ id history {{ edges {{ cursor node {{ {CHANGE} }} }} }} }} }}"
    found = (await client.ask(document, id=f"customer_{customer.id}"))["customer"]
    [renaming, creation] = [each["node"] for each in found["history"]["edges"]]
    assert renaming["fields"] == [{"field": "name", "before": "Ada", "after": "Grace"}]
    assert renaming["cause"] == {"kind": "STRIPE_EVENT", "reference": "evt_1", "actor": None}
    assert creation["cause"] == {"kind": "MUTATION", "reference": "createCustomer", "actor": "backend"}
    assert {each["node"]["id"] for each in (renaming, creation)} == {found["id"]} == {renaming["nodeId"]}
    assert [each["cursor"] for each in found["history"]["edges"]] == [renaming["cursor"], creation["cursor"]]


async def test_changes_go_on_where_any_cursor_left_off(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session, name="0")
    for name in "1234":
        async with database.transaction() as session:
            await renamed(session, customer, name)
    page = (await client.ask(CHANGES, first=2))["changes"]
    assert page["pageInfo"]["hasNextPage"]
    rest = await client.ask(CHANGES, after=page["pageInfo"]["endCursor"])
    names = [each["node"]["fields"][0]["after"] for each in rest["changes"]["edges"]]
    assert names == ["2", "3", "4"]
    history = "query ($id: ID!) { customer(id: $id) { history(first: 2) { edges { cursor } pageInfo { endCursor } } } }"
    newest = (await client.ask(history, id=f"customer_{customer.id}"))["customer"]["history"]
    assert newest["edges"][0]["cursor"] == rest["journalCursor"] == rest["changes"]["pageInfo"]["endCursor"]
    [last] = (await client.ask(CHANGES, after=newest["pageInfo"]["endCursor"]))["changes"]["edges"]
    assert last["node"]["fields"][0]["after"] == "4"
    assert (await client.ask(CHANGES, after=rest["journalCursor"]))["changes"]["edges"] == []


async def test_an_empty_journal_has_a_cursor_to_go_on_from(client: Client, database: Database) -> None:
    cursor = (await client.ask("{ journalCursor }"))["journalCursor"]
    async with database.transaction() as session:
        await make.create_price(session)
    edges = (await client.ask(CHANGES, after=cursor))["changes"]["edges"]
    assert {each["node"]["node"]["__typename"] for each in edges} == {"Product", "Price"}


async def test_customers_see_their_own_changes_without_what_is_the_merchants(
    client: Client, database: Database
) -> None:
    with caused_by(Cause.mutation("createCustomer", "backend")):
        async with database.transaction() as session:
            mine, other = await create_world(session), await create_world(session)
    seen = await client.ask(CHANGES, token_of(mine.customer))
    nodes = [each["node"] for each in seen["changes"]["edges"]]
    assert {each["cause"]["actor"] for each in nodes} == {None}
    assert {each["node"]["__typename"] for each in nodes} >= {
        "Customer",
        "Consent",
        "Subscription",
        "Invoice",
        "Payment",
    }
    text = str(seen)
    assert not any(mark in text for mark in (*mine.hidden, *other.marks))
    all_ = await client.ask(CHANGES)
    assert any(mark in str(all_) for mark in mine.hidden)
    assert {each["node"]["cause"]["actor"] for each in all_["changes"]["edges"]} == {"backend"}
    assert {each["node"]["id"] for each in seen["changes"]["edges"]} < {
        each["node"]["id"] for each in all_["changes"]["edges"]
    }


async def test_another_customers_changes_are_as_if_there_were_none(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        mine, other = await make.create_customer(session), await make.create_customer(session)
        await make.create_payment(session, mine)
    asked: Any = {"customerId": f"customer_{mine.id}"}
    assert len((await client.ask(CHANGES, **asked))["changes"]["edges"]) == 2
    assert len((await client.ask(CHANGES, token_of(mine), **asked))["changes"]["edges"]) == 2
    assert (await client.ask(CHANGES, token_of(other), **asked))["changes"]["edges"] == []
    assert (await client.ask(CHANGES, customerId="customer_nobody"))["changes"]["edges"] == []
    [change] = (await client.ask(CHANGES, customerId=f"customer_{other.id}"))["changes"]["edges"]
    node = "query ($id: ID!) { node(id: $id) { id ... on Change { nodeId } } }"
    assert (await client.ask(node, id=change["node"]["id"]))["node"]["nodeId"] == f"customer_{other.id}"
    assert (await client.ask(node, token_of(mine), id=change["node"]["id"]))["node"] is None


async def test_a_cursor_into_what_was_pruned_or_ahead_of_all_is_expired(client: Client, database: Database) -> None:
    client.runtime.__post_init__()
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        await make.create_payment(session, customer)
    first = (await client.ask(CHANGES, first=1))["changes"]["pageInfo"]["endCursor"]
    assert await client.refused(CHANGES, after="3") == "CURSOR_EXPIRED"
    later = type(client.runtime)(
        database,
        client.runtime.gateway,
        allows_redirect=lambda _: True,
        clock=lambda: NOW + timedelta(days=3),
        journal_retention=timedelta(days=2),
    )
    assert await prune(later) == 2
    assert await client.refused(CHANGES, after=first) == "CURSOR_EXPIRED"
    assert await client.refused(CHANGES, after="0") == "CURSOR_EXPIRED"
    answer = await client.ask(CHANGES)
    assert answer["changes"]["edges"] == []
    assert (await client.ask(CHANGES, after=answer["journalCursor"]))["changes"]["edges"] == []


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 19, "2026-11-23T18:00:00.000000Z_x", "\x00"])
async def test_what_is_no_cursor_is_refused(client: Client, cursor: str) -> None:
    assert await client.refused(CHANGES, after=cursor) == "BAD_USER_INPUT"


async def test_changes_with_their_objects_are_one_statement(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        await create_world(session)
    client.statements.clear()
    document = (
        "{ changes(first: 100) { edges { node { fields { field } node { "
        "... on Subscription { status customer { name } } ... on Invoice { total { amount } lines { description } } "
        "... on PaymentMethod { label } } } } } journalCursor }"
    )
    data = await client.ask(document)
    assert len([each for each in data["changes"]["edges"] if "status" in (each["node"]["node"] or {})]) == 1
    assert len(client.statements) <= 2  # one for each field of the root
