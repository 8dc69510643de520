"""Who sees what: the schema is walked, so that a field that is added tomorrow is asked for as well."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

from billing.callers import Caller
from billing.database import Database
from billing.tables import KeyScope
from schema.nodes import global_id
from tests import factories as make
from tests.schema.conftest import Client, token_of
from tests.schema.documents import selection, texts
from tests.schema.worlds import World, create_world

MERCHANT_ONLY = {"customerByExternalId", "customers", "disputes", "stripeEvents"}


def values_of(argument: GraphQLArgument, name: str, world: World) -> Iterator[Any]:
    """Everything of that customer's that could be given for an argument."""
    type_ = get_named_type(argument.type).name
    if type_ == "ID":
        wanted: list[Any] = list(world.ids.values())
    elif name == "stripeId":
        wanted = list(world.stripe_ids.values())
    elif name == "externalId":
        wanted = [world.customer.external_id]
    elif name == "search":
        wanted = [world.customer.name, world.customer.email]
    elif type_ == "String" and name != "after":
        wanted = [world.customer.external_id, world.customer.stripe_id, "en"]
    else:
        wanted = []
    is_list = is_list_type(argument.type.of_type if is_non_null_type(argument.type) else argument.type)
    yield from ([wanted] if is_list and wanted else wanted)


def documents_of(
    schema: GraphQLSchema, name: str, definition: GraphQLField, world: World, levels: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The field with each value of each of its arguments that could lead to the other customer, one at a time."""
    wanted = selection(schema, definition.type, levels)
    if not any(map(is_required_argument, definition.args.values())):
        yield f"{{ {name} {wanted} }}", {}
    for key, argument in definition.args.items():
        others = {each: "en" for each, it in definition.args.items() if is_required_argument(it) and each != key}
        declared = "".join(f", ${each}: String!" for each in others)
        given = "".join(f", {each}: ${each}" for each in others)
        for value in values_of(argument, key, world):
            document = f"query ($value: {argument.type}{declared}) {{ {name}({key}: $value{given}) {wanted} }}"
            yield document, {"value": value, **others}


async def test_a_token_reaches_nothing_of_another_customer(
    unlimited: Client, database: Database, graphql_schema: GraphQLSchema
) -> None:
    async with database.transaction() as session:
        mine, theirs = await create_world(session), await create_world(session)
    token, asked = token_of(mine.customer), 0
    query = graphql_schema.query_type
    assert query is not None
    for name, definition in query.fields.items():
        for document, variables in documents_of(graphql_schema, name, definition, theirs, levels=1):
            result = await unlimited.execute(document, token, **variables)
            codes = {(each.extensions or {}).get("code") for each in result.errors or ()}
            assert codes == ({"FORBIDDEN"} if name in MERCHANT_ONLY else set()), (document, result.errors)
            seen = texts(result.data)
            leaked = {mark for mark in theirs.marks if any(mark in text for text in seen)}
            assert not leaked, f"{name} with {variables} shows {leaked}"
            asked += 1
    assert asked > 80


async def test_the_walk_would_see_what_it_looks_for(
    unlimited: Client, database: Database, graphql_schema: GraphQLSchema
) -> None:
    """The same documents, asked by the customer whose they are, show everything of which the walk looks for traces."""
    async with database.transaction() as session:
        world = await create_world(session)
    query = graphql_schema.query_type
    assert query is not None
    seen: set[str] = set()
    for name, definition in query.fields.items():
        for document, variables in documents_of(graphql_schema, name, definition, world, levels=1):
            result = await unlimited.execute(document, token_of(world.customer), **variables)
            seen |= texts(result.data)
    unseen = {mark for mark in world.marks if not any(mark in text for text in seen)}
    assert unseen == world.hidden


@pytest.mark.parametrize(
    "noun", ["customer", "payment_method", "consent", "setup_session", "subscription", "invoice", "payment", "dispute"]
)
async def test_a_foreign_id_answers_as_an_unknown_one(client: Client, database: Database, noun: str) -> None:
    async with database.transaction() as session:
        mine, theirs = await create_world(session), await create_world(session)
    document = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
    foreign = await client.execute(document, token_of(mine.customer), id=theirs.ids[noun])
    unknown = await client.execute(document, token_of(mine.customer), id=global_id(noun, uuid4()))
    assert foreign == unknown
    assert (await client.ask(document, token_of(mine.customer), id=mine.ids[noun]))["node"] == {"id": mine.ids[noun]}


async def test_a_foreign_cursor_shows_nothing_foreign(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        mine, theirs = await create_world(session), await create_world(session)
        events = await make.create_stripe_event(session)
    foreign = await client.ask(
        "query ($id: ID!) { customer(id: $id) { invoices { edges { cursor } } } }", id=theirs.ids["customer"]
    )
    [edge] = foreign["customer"]["invoices"]["edges"]
    document = "query ($after: String) { invoices(after: $after) { edges { node { id } } } }"
    data = await client.ask(document, token_of(mine.customer), after=edge["cursor"])
    assert {each["node"]["id"] for each in data["invoices"]["edges"]} <= {mine.ids["invoice"]}
    node = await client.ask(
        "query ($id: ID!) { node(id: $id) { id } }", token_of(mine.customer), id=f"stripe_event_{events.id}"
    )
    assert node["node"] is None


@pytest.mark.parametrize("field", sorted(MERCHANT_ONLY))
async def test_some_fields_are_for_keys_alone(client: Client, database: Database, field: str) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
    asked = {
        "customerByExternalId": 'customerByExternalId(externalId: "user-1") { id }',
        "customers": "customers { edges { cursor } }",
        "disputes": "disputes { edges { cursor } }",
        "stripeEvents": "stripeEvents { edges { cursor } }",
    }
    assert await client.refused(f"{{ {asked[field]} }}", token_of(customer)) == "FORBIDDEN"
    await client.ask(f"{{ {asked[field]} }}")


async def test_one_refused_field_leaves_the_others_answered(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
    result = await client.execute("{ viewer { id } customers { edges { cursor } } }", token_of(customer))
    assert result.data == {"viewer": {"id": f"customer_{customer.id}"}, "customers": None}
    assert [each.path for each in result.errors] == [["customers"]]


async def test_nobody_reads_without_a_credential(client: Client, graphql_schema: GraphQLSchema) -> None:
    assert await client.refused("{ viewer { id } }", None) == "UNAUTHENTICATED"
    assert client.statements == []


@pytest.mark.parametrize("scope", list(KeyScope))
async def test_every_key_reads_and_is_nobodys_viewer(client: Client, scope: KeyScope) -> None:
    data = await client.ask("{ viewer { id } customers { edges { cursor } } }", Caller("key", scope))
    assert data == {"viewer": None, "customers": {"edges": []}}
