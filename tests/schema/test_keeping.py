"""What is compiled for clients: how large one statement can be, and how much of them a process keeps."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, get_operation_ast, parse
from graphql.execution.values import VariableValues

from billing.compiled import Compiled
from billing.database import Database
from schema.reads import statements
from schema.reads.documents import Documents, Prepared
from schema.reads.keeping import Kept
from schema.reads.wanted import Wanted
from schema.shapes import problems_of
from tests import factories as make
from tests.schema.abuse import PAYMENT, pages, repeated
from tests.schema.conftest import KEY, Client, token_of

LARGEST_STATEMENT = 200_000
FLAGS = [f"v{number}" for number in range(6)]
# Lists of a customer's, and what there is to select of their rows that is long to write.
HEAVY = {
    "rows of other rows": ("payments", PAYMENT),
    "long expressions": ("consents", "fragment f on Consent { " + repeated("a#: status", 2) + " }"),
    "of each type": ("paymentMethods", "fragment f on PaymentMethod { status label id isDefault consent { status } }"),
    "long rows": ("subscriptions", "fragment f on Subscription { attention { message reason invoice { id status } } }"),
    "money": ("invoices", "fragment f on Invoice { subtotal { amount } tax { amount } total { amount currency } }"),
    "names of types": ("payments", "fragment f on Payment { " + repeated("a#: __typename", 4) + " customer { id } }"),
    "what was done": ("history", "fragment f on Change { node { id ... on Payment { status } } }"),
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for a few."""
    monkeypatch.setattr(Kept, "most", 80_000)


def named(number: int) -> str:
    """One of any number of documents that all select the same."""
    return f"query q{number} {{ viewer {{ invoices {{ edges {{ node {{ id status total {{ amount }} }} }} }} }} }}"


def shaped() -> str:
    """A document of 64 shapes."""
    declared = ", ".join(f"${each}: Boolean!" for each in FLAGS)
    chosen = " ".join(
        f"{each}: invoices(first: 1) @include(if: ${each}) {{ edges {{ node {{ id }} }} }}" for each in FLAGS
    )
    return f"query ({declared}) {{ viewer {{ id {chosen} }} }}"


def shapes() -> Iterator[dict[str, bool]]:
    """The variables of each."""
    for number in range(2 ** len(FLAGS)):
        yield {each: bool(number >> bit & 1) for bit, each in enumerate(FLAGS)}


def statement_of(schema: GraphQLSchema, text: str) -> Compiled:
    """What a customer's document is compiled to."""
    document = parse(text)
    operation = get_operation_ast(document)
    assert isinstance(operation, OperationDefinitionNode)
    selection = Prepared.of(schema, Kept(), document, operation).selection(VariableValues({}, {}))
    assert selection is not None
    given = selection.bindings(VariableValues({}, {})).given
    made = selection.statement(
        Wanted("postgresql", frozenset(given.items()), for_customer=True, deepest=100, marked=False)
    )
    assert made is not None
    return made


@pytest.mark.parametrize("heavy", HEAVY)
def test_no_document_within_the_limits_is_long_to_compile(graphql_schema: GraphQLSchema, heavy: str) -> None:
    field, fragment = HEAVY[heavy]
    within = [
        text
        for number in range(1, 26)
        if not list(problems_of(graphql_schema, parse(text := pages(number, field, fragment))))
    ]
    assert len(within) >= 5, "a sensible document is far from the limit"
    assert len(statement_of(graphql_schema, within[-1]).sql) < LARGEST_STATEMENT


async def test_documents_are_kept_by_the_size_of_all_that_is_made_of_them(
    client: Client, database: Database, graphql_schema: GraphQLSchema
) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
    documents, context = Documents(graphql_schema, introspection=False), client.context(token_of(customer))
    first = documents.find(named(0), None)
    for number in range(100):
        last = documents.find(named(number), None)
        assert last is not None
        assert await last.answer(context, {}, None)
        assert documents.kept.size <= Kept.most
    assert documents.find(named(99), None) is last
    assert documents.find(named(0), None) is not first


async def test_so_are_the_shapes_of_one(client: Client, database: Database, graphql_schema: GraphQLSchema) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
    documents, context = Documents(graphql_schema, introspection=False), client.context(token_of(customer))
    written: set[str] = set()
    database.reader.on_statement.append(written.add)
    for variables in shapes():
        prepared = documents.find(shaped(), None)
        assert prepared is not None
        assert await prepared.answer(context, variables, None)
        assert documents.kept.size <= Kept.most
    assert sum(map(len, written)) > Kept.most, "all of them are more than are kept"


async def test_so_is_what_the_executor_asks(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
    for variables in shapes():
        await client.ask(shaped(), token_of(customer), **variables)
    assert statements._kept.size <= Kept.most


def test_what_nobody_asked_for_the_longest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kept, "most", 40_000)
    kept, made = Kept(), []

    def ask(key: str) -> Compiled:
        def compiled() -> Compiled:
            made.append(key)
            return Compiled("x" * 10_000, ())

        return kept.get((key,), compiled)

    for key in ("a", "b", "c", "a", "d", "a", "c", "b"):
        assert ask(key) is ask(key)
    assert made == ["a", "b", "c", "d", "b"]


def test_what_alone_is_too_large_is_not_kept() -> None:
    kept: Any = Kept()
    huge = Compiled("x" * Kept.most, ())
    assert kept.get(("huge",), lambda: huge) is huge
    assert kept.size == 0


async def test_a_statement_is_made_again_only_where_it_would_be_another(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has rows at three levels is the same statement with room for five, for seven or for any number."""
    asked: list[str] = []

    def never_fits(sql: str, _: str) -> bool:
        asked.append(sql)
        return True

    monkeypatch.setattr(statements, "is_too_deep", never_fits)
    await client.ask("{ viewer { invoices { edges { node { payments { edges { node { id again: id } } } } } } } }", KEY)
    assert asked == []
