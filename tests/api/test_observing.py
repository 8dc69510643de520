"""Operations as an operator sees them: by root field and outcome, over HTTP and over sockets."""

import asyncio
from contextlib import suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed

from billing.database import Database
from tests.api.conftest import bearer, serving
from tests.api.test_metrics import Figures, local, scraped, value
from tests.api.test_sockets import closing_code, conversation, heard, tell

__all__ = ["local"]


def operations(before: Figures, after: Figures) -> dict[tuple[tuple[str, str], ...], float]:
    """How many of which were counted between the two."""
    return {
        labels: each - before.get((series, labels), 0)
        for (series, labels), each in after.items()
        if series == "assent_graphql_seconds_count" and each != before.get((series, labels), 0)
    }


DOCUMENTS = [
    ("query Mine { products { edges { node { id } } } }", "products", "ok"),
    ("{ a: products { edges { node { id } } } b: products { edges { node { name } } } }", "products", "ok"),
    ("{ products { edges { node { id } } } customers { edges { node { id } } } }", "several", "ok"),
    ("query Q { ...F } fragment F on Query { ... { customers { edges { node { id } } } } }", "customers", "ok"),
    ("{ nothingOfTheKind }", "invalid", "errors"),
    ("query AnyText4242 {", "invalid", "errors"),
]


@pytest.mark.parametrize(("query", "name", "outcome"), DOCUMENTS)
async def test_documents_are_counted_by_their_root_field_and_not_by_what_clients_call_them(
    app: Starlette, local: httpx.AsyncClient, key: str, query: str, name: str, outcome: str
) -> None:
    before = await scraped(local)
    await local.post("/graphql", json={"query": query}, headers=bearer(key))
    assert operations(before, await scraped(local)) == {(("operation", name), ("outcome", outcome)): 1}


@pytest.mark.parametrize(("query", "name", "outcome"), DOCUMENTS)
async def test_operations_of_sockets_are_counted_in_the_same_way(
    app: Starlette, local: httpx.AsyncClient, key: str, query: str, name: str, outcome: str
) -> None:
    async with serving(app) as address, conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        before = await scraped(local)
        await heard(socket)
        await tell(socket, id="1", type="subscribe", payload={"query": query})
        with suppress(ConnectionClosed):  # on what is no document at all
            while (await heard(socket))["type"] not in ("complete", "error"):
                pass
        counted = operations(before, await scraped(local))
    assert counted == {(("operation", name), ("outcome", outcome)): 1}


async def test_a_name_of_no_operation_is_no_fault_of_ours(app: Starlette, local: httpx.AsyncClient, key: str) -> None:
    async with serving(app) as address, conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        before = await scraped(local)
        payload = {"query": "query A { __typename }", "operationName": "B"}
        await tell(socket, id="1", type="subscribe", payload=payload)
        assert await closing_code(socket) == 4400
        assert operations(before, await scraped(local)) == {(("operation", "invalid"), ("outcome", "errors")): 1}


async def test_who_leaves_before_the_answer_is_no_fault_of_ours(
    app: Starlette, local: httpx.AsyncClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending, left = WebSocket.send_text, asyncio.Event()

    async def leave(socket: WebSocket, text: str) -> None:
        if '"next"' in text:
            left.set()
            raise WebSocketDisconnect(1006)  # as Starlette does, where the connection breaks just now
        await sending(socket, text)

    monkeypatch.setattr(WebSocket, "send_text", leave)
    async with serving(app) as address, conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        before = await scraped(local)
        await heard(socket)
        await tell(socket, id="1", type="subscribe", payload={"query": DOCUMENTS[2][0]})
        await asyncio.wait_for(left.wait(), 10)
        await asyncio.sleep(0.1)  # for it to be counted, if it is
        assert operations(before, await scraped(local)) == {}


async def test_how_long_a_live_field_is_followed_is_not_counted(
    app: Starlette, local: httpx.AsyncClient, key: str
) -> None:
    async with serving(app) as address, conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        before = await scraped(local)
        await heard(socket)
        query = 'subscription { customer(id: "customer_00000000-0000-0000-0000-000000000000") { name } }'
        await tell(socket, id="1", type="subscribe", payload={"query": query})
        while (await heard(socket))["type"] not in ("complete", "error"):
            pass
        assert operations(before, await scraped(local)) == {}


@pytest.mark.parametrize("given", [{"operationName": ["A"]}, {"variables": [1]}, {"extensions": 1}])
async def test_what_is_not_of_its_kind_is_refused_over_sockets_too(
    app: Starlette, key: str, given: dict[str, object]
) -> None:
    async with serving(app) as address, conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        await heard(socket)
        await tell(socket, id="1", type="subscribe", payload={"query": "{ __typename }", **given})
        answer = await heard(socket)
    assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "BAD_REQUEST")


async def test_a_fault_of_ours_is_counted_apart_from_errors_of_clients(
    local: httpx.AsyncClient, key: str, database: Database
) -> None:
    async with database.transaction() as session:
        await (await session.connection()).exec_driver_sql("ALTER TABLE customers RENAME TO gone")
    before = await scraped(local)
    await local.post("/graphql", json={"query": "{ customers { edges { node { id } } } }"}, headers=bearer(key))
    series, labels = "assent_graphql_seconds_count", {"operation": "customers", "outcome": "fault"}
    assert value(await scraped(local), series, **labels) == value(before, series, **labels) + 1
