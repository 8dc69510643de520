"""One statement, the executor over statements, and the executor with a statement for each relation: the same bytes."""

import json
from collections.abc import Sequence
from itertools import count
from random import Random
from typing import Any

import pytest
from graphql import GraphQLSchema, parse, validate

from billing.callers import Caller
from billing.database import Database
from schema.faults import BAD_USER_INPUT, CURSOR_EXPIRED, FORBIDDEN
from schema.reads.documents import Documents
from tests import factories as make
from tests.factories import NOW
from tests.schema.conftest import KEY, Client, token_of
from tests.schema.documents import texts as texts_in
from tests.schema.random_documents import Writer
from tests.schema.worlds import World, create_world

DOCUMENTS = 250
PARTS = range(4)
# Fields for the merchant alone, and cursors of other lists.
EXPECTED = {FORBIDDEN, BAD_USER_INPUT, CURSOR_EXPIRED}


def texts_of(*worlds: World) -> dict[str, list[Any]]:
    """What arguments may be given: what is there, and what is not."""
    ids = [each for world in worlds for each in world.ids.values()]
    cursors = [f"{NOW:%Y-%m-%dT%H:%M:%S.%fZ}_{each.rpartition('_')[2]}" for each in ids]
    return {
        "ID": [*ids, "customer_01930000-0000-7000-8000-000000000000", "x"],
        "id": ids,
        "customerId": [world.ids["customer"] for world in worlds],
        "stripeId": [each for world in worlds for each in world.stripe_ids.values()],
        "externalId": [world.customer.external_id for world in worlds],
        "search": ["x0", "@", "%"],
        "after": cursors,
        "first": [1, 2, 3, 5],
        "Int": [1],
        "String": ["en", "x"],
        "Boolean": [True, False],
    }


async def answers_of(
    client: Client, documents: Documents, text: str, caller: Caller, depths: Sequence[int], **variables: Any
) -> list[Any]:
    """By one statement, then by the executor with statements so deep; None for what is declined or refused."""
    prepared = documents.find(text, None)
    whole = prepared and await prepared.answer(client.context(caller), variables, None)
    answers = [whole and json.dumps(json.loads(whole))]
    for deepest in depths:
        context = client.context(caller)
        context.deepest = deepest
        result = await client.schema.execute(text, variables, context)
        assert {str((each.extensions or {}).get("code")) for each in result.errors or ()} <= EXPECTED, text
        answers.append(None if result.errors else json.dumps(result.data))
    return answers


@pytest.mark.parametrize("part", PARTS)
async def test_all_ways_give_the_same_bytes(
    unlimited: Client, database: Database, graphql_schema: GraphQLSchema, part: int
) -> None:
    async with database.transaction() as session:
        worlds = [await create_world(session) for _ in range(2)]
        for _ in range(3):
            await make.create_invoice(session, worlds[0].customer)
    callers = [KEY, *(token_of(each.customer) for each in worlds)]
    documents, texts = Documents(unlimited.schema._schema, introspection=True), texts_of(*worlds)
    whole = asked = 0
    for number in count():
        random = Random(f"{part} {number}")  # noqa: S311 - the same documents each time
        writer = Writer(graphql_schema, random, texts)
        text = writer.document()
        if validate(graphql_schema, parse(text)):
            continue
        caller = random.choice(callers)
        depths = (100,) if number % 5 else (100, 1)
        first, *others = await answers_of(unlimited, documents, text, caller, depths, **writer.variables)
        assert len(set(others)) == 1, text
        assert first in (None, others[0]), (text, writer.variables)
        if first is not None and caller.is_customer:
            others_own = {mark for each in worlds if each.customer.id != caller.customer_id for mark in each.marks}
            assert not texts_in(json.loads(first)) & others_own, text
        asked, whole = asked + 1, whole + (first is not None)
        if asked == DOCUMENTS // len(PARTS):
            break
    assert whole > 0


@pytest.mark.parametrize(
    "text",
    [
        "query ($first: Int = 1) { invoices(first: $first) { edges { node { number } } } }",
        "query ($of: [InvoiceStatus!] = [VOID]) { invoices(status: $of) { edges { node { number } } } }",
        'query ($text: String = "nobody") { customers(search: $text) { edges { node { name } } } }',
        "query ($no: Boolean = true) { customers { edges { node { name @skip(if: $no) id } } } }",
        "query ($first: Int!) { invoices(first: $first) { edges { node { number } } } }",
        "query ($id: ID!) { customer(id: $id) { name } }",
    ],
)
async def test_variables_that_are_left_out_are_so_on_all_ways(
    client: Client, database: Database, graphql_schema: GraphQLSchema, text: str
) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        for _ in range(3):
            await make.create_invoice(session, customer)
    documents = Documents(client.schema._schema, introspection=True)
    prepared = documents.find(text, None)
    assert prepared
    whole = await prepared.answer(client.context(KEY), {}, None)
    result = await client.schema.execute(text, {}, client.context(KEY))
    assert (whole and json.loads(whole)) == result.data
    assert bool(whole) is ("!)" not in text)
