"""Limits: what a document may not ask for, refused before any SQL."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, parse
from structlog.testing import capture_logs

from billing.callers import Caller
from billing.database import Database
from billing.tables import KeyScope
from schema.build import build
from schema.limits import HIGHEST_COST, cost_of
from schema.parsing import MOST_CHARACTERS, MOST_VALUES
from schema.shapes import (
    MOST_ALIASES,
    MOST_DEFINITIONS,
    MOST_DIRECTIVES,
    MOST_FIELDS,
    MOST_LEVELS,
    MOST_ROOT_FIELDS,
    MOST_VARIABLES,
    problems_of,
)
from tests import factories as make
from tests.schema.abuse import ABUSES, repeated
from tests.schema.conftest import KEY, Client

# Beyond these two, one call of PostgreSQL's or SQLite's cannot make an object: 100 arguments, or 127.
MOST_KEYS = 50
# What the executor counts to before it stops looking for more that is wrong with variables.
MOST_ERRORS = 51
REFUSALS = {"COST_EXCEEDED", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
ADMIN = Caller("test", KeyScope.ADMIN)


@pytest.fixture(scope="session")
def guarded() -> strawberry.Schema:
    """As production has it."""
    return build(introspection=False)


@pytest.mark.parametrize("name", ABUSES)
async def test_abuse_is_refused_before_any_sql(client: Client, guarded: strawberry.Schema, name: str) -> None:
    document, variables = ABUSES[name]
    result = await replace(client, schema=guarded).execute(document, ADMIN, **variables)
    assert result.data is None
    assert 0 < len(result.errors) <= MOST_ERRORS
    assert {each.extensions["code"] for each in result.errors} <= REFUSALS
    assert client.statements == []


# Each with the most that may be, and with one more.
EDGES: dict[str, tuple[Callable[[int], str], int]] = {
    "operations and fragments": (lambda n: repeated("query q# { viewer { id } }", n), MOST_DEFINITIONS),
    "variables": (lambda n: "query (" + repeated("$v#: Int", n) + ") { viewer { id } }", MOST_VARIABLES),
    "aliases": (lambda n: "{ viewer { " + repeated("a#: id", n) + " } }", MOST_ALIASES),
    "directives at one place": (lambda n: "{ viewer { id " + "@a " * n + "} }", MOST_DIRECTIVES),
    "levels of fields": (lambda n: "{ a " * n + "}" * n, MOST_LEVELS),
    "fields, unrolled and by their weight": (
        lambda n: "{ a { ...f ...f } } fragment f on A { " + "".join(f"{a} " for a in words(n // 2)) + "}",
        MOST_FIELDS - 2,
    ),
    "fields at its root": (lambda n: "{ " + " ".join(words(n)) + " }", MOST_ROOT_FIELDS),
    "pairs of fields": (lambda n: "{ a { " + "id " * n + "} }", 63),
}


def words(number: int) -> list[str]:
    """Names of fields, each once."""
    return [f"w{each}" for each in range(number)]


@pytest.mark.parametrize("limit", EDGES)
def test_as_much_as_may_be_passes_and_one_more_does_not(graphql_schema: GraphQLSchema, limit: str) -> None:
    document, most = EDGES[limit]
    assert list(problems_of(graphql_schema, parse(document(most)))) == []
    [problem] = problems_of(graphql_schema, parse(document(most + 2)))
    assert limit in problem.message or most == MOST_DEFINITIONS - 1


async def test_a_document_and_its_variables_have_a_length(client: Client) -> None:
    padded = "{ viewer { id } }".ljust(MOST_CHARACTERS)
    assert await client.ask(padded) == {"viewer": None}
    assert await client.refused(padded + " ") == "GRAPHQL_PARSE_FAILED"
    await client.ask("{ viewer { id } }", KEY, **{f"v{n}": n for n in range(MOST_VALUES - 1)})
    assert (
        await client.refused("{ viewer { id } }", KEY, **{f"v{n}": n for n in range(MOST_VALUES)}) == "BAD_USER_INPUT"
    )
    assert await client.refused("{ viewer { id } }", v=[[n, {"a": n}] for n in range(MOST_VALUES // 4)])


async def test_fragments_that_many_parts_of_a_page_share_are_allowed(client: Client) -> None:
    parts = repeated("fragment part# on Customer { id name email defaultPaymentMethod { id } }", 20)
    await client.ask("{ viewer { " + repeated("...part#", 20) + " } } " + parts)


async def test_of_several_operations_one_is_named(client: Client) -> None:
    document = "query A { viewer { id } } query B { viewer { name } }"
    assert await client.refused(document) == "BAD_USER_INPUT"
    result = await client.schema.execute(document, None, client.context(KEY), operation_name="B")
    assert result.data == {"viewer": None}


async def test_page_sizes_in_variables_count(client: Client) -> None:
    document = """query ($n: Int = 100) { customers(first: $n) { edges { node { invoices(first: $n) { edges { node {
        payments(first: $n) { edges { cursor } } } } } } } } }"""
    assert await client.refused(document) == "COST_EXCEEDED"
    assert await client.refused(document, n=100) == "COST_EXCEEDED"
    await client.ask(document, n=10)


async def test_a_generous_page_is_allowed(client: Client) -> None:
    document = """{ customers(first: 100) { edges { node {
        paymentMethods { edges { node { id } } }
        subscriptions { edges { node { items { price { product { name } unitAmount { amount } } } } } }
        invoices { edges { node { total { amount } lines { description amount { amount } } } } }
    } } } }"""
    await client.ask(document)


async def test_more_tokens_than_any_document_needs_are_not_parsed(client: Client) -> None:
    assert await client.refused("{ viewer { " + "id " * 3000 + "} }") == "GRAPHQL_PARSE_FAILED"


def bomb(depth: int) -> str:
    """A document in which each fragment uses the next one twice."""
    fragments = [
        f"fragment f{n} on Customer {{ ...f{n + 1} invoices {{ edges {{ node {{ customer {{ ...f{n + 1} }} }} }} }} }}"
        for n in range(depth)
    ]
    return "{ viewer { ...f0 } } " + " ".join(fragments) + f" fragment f{depth} on Customer {{ id }}"


def test_measuring_is_cheap_whatever_is_measured(graphql_schema: GraphQLSchema) -> None:
    document = parse(bomb(60))
    assert list(problems_of(graphql_schema, document))
    assert cost_of(graphql_schema, document, None, {}) > HIGHEST_COST


async def test_a_fragment_that_leads_back_to_itself_is_refused(client: Client) -> None:
    document = "{ viewer { ...a } } fragment a on Customer { ...b } fragment b on Customer { ...a }"
    assert await client.refused(document) == "GRAPHQL_VALIDATION_FAILED"


def test_no_object_has_more_keys_than_one_call_makes(graphql_schema: GraphQLSchema) -> None:
    for type_ in graphql_schema.type_map.values():
        if (
            isinstance(type_, GraphQLObjectType)
            and not type_.name.startswith("__")
            and type_.name not in ("Query", "Mutation")
        ):
            # Its fields, what they are called besides, __typename, and the type's name for the executor.
            assert len(type_.fields) + MOST_ALIASES + 2 <= MOST_KEYS, type_.name


async def test_an_object_can_have_all_the_keys_that_it_may(
    client: Client, database: Database, graphql_schema: GraphQLSchema
) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        await make.create_subscription(session, customer)
    kind: Any = graphql_schema.type_map["Subscription"]
    fields = [name + _below(each) for name, each in kind.fields.items()]
    document = (
        "{ subscriptions { edges { node { __typename "
        + " ".join(fields)
        + " "
        + repeated("a#: id", MOST_ALIASES)
        + " } } } }"
    )
    data = await client.ask(document)
    assert len(data["subscriptions"]["edges"][0]["node"]) == len(kind.fields) + MOST_ALIASES + 1


def _below(definition: Any) -> str:
    inner = get_named_type(definition.type)
    return "" if is_leaf_type(inner) else " { __typename }"


FAULTS = {
    "{ viewer { id }": "GRAPHQL_PARSE_FAILED",
    "{ viewer { nothing } }": "GRAPHQL_VALIDATION_FAILED",
    "query ($id: ID!) { customer(id: $id) { id } }": "BAD_USER_INPUT",
    'query ($n: Int = "x") { products(first: $n) { edges { cursor } } }': "GRAPHQL_VALIDATION_FAILED",
}


@pytest.mark.parametrize(("document", "code"), FAULTS.items())
async def test_every_fault_has_its_code(client: Client, document: str, code: str) -> None:
    assert await client.refused(document) == code
    assert await client.refused(document) == code  # from the caches, too


async def test_a_variable_of_the_wrong_type_is_the_clients_mistake(client: Client) -> None:
    document = "query ($n: Int) { products(first: $n) { edges { cursor } } }"
    assert await client.refused(document, n="many") == "BAD_USER_INPUT"


async def test_what_nobody_expected_is_masked_and_logged(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ALTER TABLE products RENAME TO elsewhere")
    with capture_logs() as logged:
        result = await client.execute("{ products { edges { cursor } } }")
    [error] = result.errors
    assert error.extensions == {"code": "INTERNAL_SERVER_ERROR", "requestId": "request-1"}
    assert "products" not in error.message
    assert error.path == ["products"]
    [entry] = logged
    assert (entry["log_level"], entry["request_id"]) == ("error", "request-1")
    assert "products" in str(entry["exc_info"])


async def test_production_neither_describes_itself_nor_hints(client: Client) -> None:
    client.schema = build(introspection=False)
    described = await client.execute("{ __schema { types { name } } }")
    assert described.data is None
    assert {each.extensions["code"] for each in described.errors} == {"GRAPHQL_VALIDATION_FAILED"}
    for document in (
        "{ viewer { emial } }",
        "{ products(frist: 1) { edges { cursor } } }",
        "{ payments(status: [PAYED]) { edges { cursor } } }",
    ):
        result = await client.execute(document)
        assert "Did you mean" not in result.errors[0].message
    assert (await client.ask("{ viewer { __typename } }")) == {"viewer": None}
