"""TRUSTED_DOCUMENTS_ONLY: registered documents are run, and no others, with limits and permissions as ever."""

from collections.abc import Callable

import pytest
from starlette.applications import Starlette

from api.app import create_app
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import Customer
from billing.trusted_documents import id_of
from tests.api.conftest import DEVELOPMENT_KEY, bearer
from tests.api.test_graphiql import page
from tests.api.test_trusted_documents import ONE, PUBLISH, asked, code_of, register, started

ALL = """query All($n: Int!) {
  customers(first: $n) { edges { node { invoices(first: $n) { edges { node { customer { invoices(first: $n) {
    edges { node { id } }
  } } } } } } } }
}
"""


@pytest.fixture
def closed(make_settings: Callable[..., Settings], runtime: Runtime) -> Starlette:
    """A server that runs registered documents alone."""
    return create_app(make_settings(trusted_documents_only=True), runtime)


async def test_with_the_setting_nothing_else_is_run(
    closed: Starlette, database: Database, key: str, token: str, customer: Customer
) -> None:
    await register(database, ONE, ALL)
    async with started(closed) as client:
        for query in (ONE, "{ __typename }", "{ __schema { types { name } } }", PUBLISH, "{"):
            refused = await client.post("/graphql", json=asked(customer, query=query), headers=bearer(key))
            assert code_of(refused) == (403, "TRUSTED_DOCUMENTS_ONLY")
            refused = await client.get("/graphql", params={"query": query}, headers=bearer(token))
            assert code_of(refused) == (403, "TRUSTED_DOCUMENTS_ONLY")
        request = asked(customer, documentId=id_of(ONE))
        by_key = (await client.post("/graphql", json=request, headers=bearer(key))).json()
        assert by_key["data"]["customer"]["metadata"] == {}
        by_token = (await client.post("/graphql", json=request, headers=bearer(token))).json()
        assert by_token["data"]["customer"] == {**by_key["data"]["customer"], "metadata": None}


async def test_limits_and_permissions_hold_as_ever(closed: Starlette, database: Database, key: str, token: str) -> None:
    await register(database, ALL)
    wide = {"documentId": id_of(ALL), "variables": {"n": 1}}
    async with started(closed) as client:
        assert (await client.post("/graphql", json=wide, headers=bearer(key))).status_code == 200
        assert code_of(await client.post("/graphql", json=wide, headers=bearer(token)))[1] == "FORBIDDEN"
        for n, code in ((100, "COST_EXCEEDED"), (101, "COST_EXCEEDED"), (0, "BAD_USER_INPUT")):
            wider = {"documentId": id_of(ALL), "variables": {"n": n}}
            assert code_of(await client.post("/graphql", json=wider, headers=bearer(key)))[1] == code


async def test_graphiql_says_that_nothing_written_there_is_run(
    make_settings: Callable[..., Settings], runtime: Runtime, developed: Starlette
) -> None:
    given = make_settings(assent_env="development", public_url=None, trusted_documents_only=True)
    closed = create_app(given, runtime, development_key=DEVELOPMENT_KEY)
    assert "TRUSTED_DOCUMENTS_ONLY is on" in await page(closed)
    assert "TRUSTED_DOCUMENTS_ONLY" not in await page(developed)
