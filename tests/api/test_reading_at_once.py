"""Documents that one statement answers, over HTTP: as the executor answers them, and with no less care."""

import asyncio

import httpx
import pytest

from billing import keys
from billing.compiled import Compiled
from billing.database import Database
from billing.reader import TookTooLong
from billing.signals import Signals
from billing.tables import Customer, KeyScope
from tests.api.conftest import bearer, make_key
from tests.factories import NOW, create_payment_method

ONE = "query ($id: ID!) { customer(id: $id) { id metadata subscriptions { edges { node { id } } } } }"


def nested(levels: int) -> str:
    """Invoices of customers of invoices ..., a hundred of each."""
    inner = "id"
    for _ in range(levels):
        inner = f"customer {{ invoices(first: 100) {{ edges {{ node {{ {inner} }} }} }} }}"
    return f"{{ invoices {{ edges {{ node {{ {inner} }} }} }} }}"


def asked(customer: Customer) -> dict[str, object]:
    return {"query": ONE, "variables": {"id": f"customer_{customer.id}"}}


async def test_a_read_takes_one_statement_once_its_key_is_known(
    http: httpx.AsyncClient, database: Database, key: str, customer: Customer
) -> None:
    statements: list[str] = []
    database.reader.on_statement.append(statements.append)
    for _ in range(3):
        answer = await http.post("/graphql", json=asked(customer), headers=bearer(key))
        assert answer.json()["data"]["customer"]["id"] == f"customer_{customer.id}"
        assert answer.json()["data"]["customer"]["subscriptions"] == {"edges": []}
    assert len(statements) == 3


async def test_a_key_that_is_revoked_reads_nothing_from_then_on(
    http: httpx.AsyncClient, database: Database, customer: Customer
) -> None:
    key = await make_key(database, "shop", KeyScope.READ)
    answers = [await http.post("/graphql", json=asked(customer), headers=bearer(key)) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    async with database.transaction() as session:
        await keys.revoke(session, Signals(), "shop", NOW)
    answers = [await http.post("/graphql", json=asked(customer), headers=bearer(key)) for _ in range(2)]
    assert [each.status_code for each in answers] == [401, 401]


@pytest.mark.parametrize("body", [{}, {"documentId": "sha256:" + "0" * 64}, {"query": nested(5)}])
async def test_a_key_that_is_revoked_is_told_so_whatever_it_asks(
    http: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch, customer: Customer, body: object
) -> None:
    async def take_too_long(*_: object) -> object:
        raise TookTooLong

    key = await make_key(database, "shop", KeyScope.READ)
    assert (await http.post("/graphql", json=asked(customer), headers=bearer(key))).status_code == 200
    async with database.transaction() as session:
        await keys.revoke(session, Signals(), "shop", NOW)
    monkeypatch.setattr(type(database.reader), "fetch", take_too_long)
    assert (await http.post("/graphql", json=body, headers=bearer(key))).status_code == 401


async def test_a_customer_reads_only_its_own(
    http: httpx.AsyncClient, token: str, customer: Customer, database: Database
) -> None:
    answer = await http.post("/graphql", json=asked(customer), headers=bearer(token))
    assert answer.json()["data"]["customer"]["metadata"] is None
    answer = await http.post(
        "/graphql", json={"query": "{ customers { edges { node { id } } } }"}, headers=bearer(token)
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ invoices(first: 101) { edges { node { id } } } }", "BAD_USER_INPUT"),
        ('{ invoices(after: "x") { edges { node { id } } } }', "BAD_USER_INPUT"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($id: ID!) { customer(id: $id) { id } }", "BAD_USER_INPUT"),
        (nested(3), "COST_EXCEEDED"),
    ],
)
async def test_what_is_wrong_is_told_as_ever(http: httpx.AsyncClient, key: str, query: str, code: str) -> None:
    answer = await http.post("/graphql", json={"query": query}, headers=bearer(key))
    assert answer.json()["errors"][0]["extensions"]["code"] == code


async def test_a_null_where_the_schema_promises_a_value_is_an_error(
    http: httpx.AsyncClient, database: Database, key: str, customer: Customer
) -> None:
    async with database.transaction() as session:
        await create_payment_method(session, customer, brand=None)
    methods = "paymentMethods { edges { node { ... on CardPaymentMethod { brand } } } }"
    document = f"{{ customers {{ edges {{ node {{ {methods} }} }} }} }}"
    answer = await http.post("/graphql", json={"query": document}, headers=bearer(key))
    assert answer.json()["data"] == {"customers": None}
    assert answer.json()["errors"][0]["path"][-1] == "brand"


async def test_a_statement_that_takes_too_long_is_ended(database: Database) -> None:
    slow = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "postgresql": "SELECT pg_sleep(60)",
    }
    reader = type(database.reader)(database.url, statement_timeout=0.1)  # type: ignore[call-arg]
    with pytest.raises(TookTooLong):
        await asyncio.wait_for(reader.fetch(Compiled(slow[database.dialect], ()), {}), 30)
    await reader.close()
