"""Trusted documents over HTTP: named by their ids, ready beforehand, and no way around what holds for others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from graphql.language.parser import Parser
from sqlalchemy import event
from starlette.applications import Starlette

from api import trusted
from api.app import create_app
from billing import trusted_documents
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.signals import Signals
from billing.tables import Customer
from billing.trusted_documents import id_of
from schema.operation_names import root_field
from schema.reads import documents
from schema.reads.keeping import Kept
from tests.api.conftest import bearer, client_of
from tests.factories import NOW

ONE = """# The customer.
query One($id: ID!) {
  customer(id: $id) { id metadata subscriptions { edges { node { id } } } }
}
"""
BOTH = "query Named { viewer { __typename } } query Other($id: ID!) { customer(id: $id) { id } }"
PUBLISH = "mutation ($input: PublishTermsInput!) { publishTerms(input: $input) { terms { id } error { message } } }"
UNKNOWN = "0" * 64
PATIENCE = 20


async def register(database: Database, *texts: str, signals: Signals | None = None) -> None:
    async with database.transaction() as session:
        named = [(f"document {number}", text) for number, text in enumerate(texts)]
        await trusted_documents.add(session, signals or Signals(), named, NOW)


async def remove(database: Database, text: str, *, signals: Signals | None = None) -> None:
    async with database.transaction() as session:
        await trusted_documents.remove(session, signals or Signals(), id_of(text))


def asked(customer: Customer, **more: object) -> dict[str, object]:
    return {"variables": {"id": f"customer_{customer.id}"}, **more}


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


@asynccontextmanager
async def started(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that has gone through its start."""
    async with app.router.lifespan_context(app), client_of(app, peer="203.0.113.7") as client:
        yield client


@pytest.mark.parametrize("given", [id_of(ONE), f"sha256:{id_of(ONE)}"])
async def test_the_answer_is_that_of_the_text_to_the_byte(
    http: httpx.AsyncClient,
    settings: Settings,
    runtime: Runtime,
    database: Database,
    key: str,
    customer: Customer,
    given: str,
) -> None:
    await register(database, ONE, BOTH, PUBLISH)
    unaware = client_of(create_app(settings, runtime))
    requests: list[tuple[str, str, dict[str, object]]] = [
        (given, ONE, asked(customer)),
        (given, ONE, {"variables": {"id": "nonsense"}}),
        (given, ONE, {}),
        (id_of(BOTH), BOTH, {"operationName": "Named"}),
        (id_of(BOTH), BOTH, asked(customer, operationName="Other")),
        (id_of(BOTH), BOTH, {}),
        (id_of(BOTH), BOTH, {"operationName": "Neither"}),
        (id_of(PUBLISH), PUBLISH, {"variables": {"input": {}}}),
    ]
    for document_id, text, more in requests:
        named = await http.post("/graphql", json={"documentId": document_id, **more}, headers=bearer(key))
        sent = await unaware.post("/graphql", json={"query": text, **more}, headers=bearer(key))
        assert (named.status_code, named.content) == (sent.status_code, sent.content)


async def test_it_is_asked_for_by_get_too_and_a_mutation_is_not(
    http: httpx.AsyncClient, database: Database, key: str
) -> None:
    await register(database, BOTH, PUBLISH)
    given = {"documentId": id_of(BOTH), "operationName": "Named"}
    assert (await http.get("/graphql", params=given, headers=bearer(key))).json()["data"]
    refused = await http.get("/graphql", params={"documentId": id_of(PUBLISH)}, headers=bearer(key))
    assert refused.status_code == 405


async def test_after_the_start_nothing_is_parsed_checked_or_compiled_whatever_others_send(
    app: Starlette, database: Database, key: str, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kept, "most", 300_000)
    await register(database, ONE, PUBLISH)
    done: list[str] = []

    def tell(of: Any, name: str) -> None:
        real = getattr(of, name)

        def noted(*given: Any, **more: Any) -> Any:
            done.append(name)
            return real(*given, **more)

        monkeypatch.setattr(of, name, noted)

    async with started(app) as client:
        for number in range(140):  # more than are remembered
            foreign = {"query": f"{{ viewer {{ a{number}: __typename }} }}"}
            assert (await client.post("/graphql", json=foreign, headers=bearer(key))).status_code == 200
        root_field.cache_clear()
        tell(Parser, "parse_document")
        tell(documents, "compile_document")
        read = await client.post("/graphql", json=asked(customer, documentId=id_of(ONE)), headers=bearer(key))
        assert read.json()["data"]["customer"]["id"] == f"customer_{customer.id}"
        published = {"documentId": id_of(PUBLISH), "variables": {"input": TERMS}}
        written = await client.post("/graphql", json=published, headers=bearer(key))
        assert written.json()["data"]["publishTerms"]["error"] is None
        assert done == []
        await client.post("/graphql", json={"query": "{ viewer { new: __typename } }"}, headers=bearer(key))
        assert done != []


TERMS = {
    "slug": "club",
    "title": "Club",
    "usage": "RECURRING",
    "permission": "I allow it.",
    "timing": "Monthly.",
    "amountDetermination": "The price.",
    "cancellationPolicy": "At any time.",
}


@pytest.mark.parametrize("given", [UNKNOWN, f"sha256:{UNKNOWN}", id_of(ONE).upper(), f"md5:{UNKNOWN}", "One", "x" * 9])
async def test_an_unknown_id_is_told(http: httpx.AsyncClient, key: str, given: str) -> None:
    answer = await http.post("/graphql", json={"documentId": given}, headers=bearer(key))
    assert code_of(answer) == (400, "DOCUMENT_NOT_FOUND")
    assert code_of(await http.post("/graphql", json={"documentId": given})) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "given",
    [
        {"query": "{ __typename }", "documentId": UNKNOWN},
        {"documentId": 1},
        {"documentId": ["x"]},
        {"documentId": ""},
        {"query": 1, "documentId": UNKNOWN},
    ],
)
async def test_a_request_has_one_document(http: httpx.AsyncClient, key: str, given: object) -> None:
    answer = await http.post("/graphql", json=given, headers=bearer(key))
    assert code_of(answer) == (400, "BAD_REQUEST")
    assert "documentId" in answer.text


async def test_one_that_was_added_meanwhile_is_found_at_once(
    http: httpx.AsyncClient, database: Database, key: str, customer: Customer
) -> None:
    request = asked(customer, documentId=id_of(ONE))
    assert code_of(await http.post("/graphql", json=request, headers=bearer(key)))[0] == 400
    await register(database, ONE)
    assert (await http.post("/graphql", json=request, headers=bearer(key))).json()["data"]["customer"]


async def test_ids_that_nobody_registered_cost_a_few_looks_a_second(
    app: Starlette, database: Database, key: str
) -> None:
    looks: list[str] = []

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if "trusted_documents" in statement:
            looks.append(statement)

    async with client_of(app) as client:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(200):
            given = {"documentId": f"{number:064x}"}
            assert code_of(await client.post("/graphql", json=given, headers=bearer(key)))[0] == 400
        seconds = loop.time() - began
    assert len(looks) <= 1 + trusted.MOST_MISSES * (int(seconds) + 2)


@pytest.mark.parametrize("told", [True, False])
async def test_one_that_was_removed_is_used_no_longer(
    app: Starlette, runtime: Runtime, database: Database, key: str, customer: Customer, told: bool
) -> None:
    await register(database, ONE)
    request = asked(customer, documentId=id_of(ONE))
    async with started(app) as client:
        assert (await client.post("/graphql", json=request, headers=bearer(key))).json()["data"]["customer"]
        await remove(database, ONE, signals=runtime.signals if told else None)
        async with asyncio.timeout(PATIENCE):
            while (await client.post("/graphql", json=request, headers=bearer(key))).status_code == 200:  # noqa: ASYNC110 - nothing tells a client
                await asyncio.sleep(0.05)
        assert code_of(await client.post("/graphql", json=request, headers=bearer(key))) == (400, "DOCUMENT_NOT_FOUND")


async def test_what_was_looked_at_long_ago_counts_no_longer(
    http: httpx.AsyncClient, database: Database, key: str, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(database, ONE)
    request = asked(customer, documentId=id_of(ONE))
    assert (await http.post("/graphql", json=request, headers=bearer(key))).json()["data"]["customer"]
    await remove(database, ONE)
    monkeypatch.setattr(trusted, "LONGEST", 0.0)
    assert code_of(await http.post("/graphql", json=request, headers=bearer(key))) == (400, "DOCUMENT_NOT_FOUND")


@pytest.mark.parametrize(
    ("text", "code"), [("{ nothing }", "GRAPHQL_VALIDATION_FAILED"), ("{ viewer", "GRAPHQL_PARSE_FAILED")]
)
async def test_one_that_does_not_fit_any_more_stops_no_start_and_says_why(
    app: Starlette, database: Database, key: str, text: str, code: str
) -> None:
    await register(database, text)
    async with started(app) as client:
        for _ in range(2):
            answer = await client.post("/graphql", json={"documentId": id_of(text)}, headers=bearer(key))
            assert code_of(answer)[1] == code
