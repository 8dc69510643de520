"""GraphQL over WebSockets: graphql-transport-ws, for whoever has a credential and for as long as it is good."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from api import sockets
from api.app import create_app
from billing import keys, tokens
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import Customer, KeyScope
from tests.api.conftest import TOKEN_SECRETS, Clock, make_key, serving
from tests.factories import NOW, create_consent, create_setup_session

pytestmark = pytest.mark.usefixtures("look_often")

PROTOCOL = Subprotocol("graphql-transport-ws")
PATIENCE = 20


@asynccontextmanager
async def conversation(
    address: str, payload: Any = None, *, protocol: Subprotocol = PROTOCOL, origin: str | None = None
) -> AsyncIterator[ClientConnection]:
    """A socket that has introduced itself with `payload`."""
    given = Origin(origin) if origin else None
    async with connect(address, subprotocols=[protocol], origin=given, proxy=None) as socket:
        await tell(socket, type="connection_init", **({} if payload is None else {"payload": payload}))
        yield socket


async def tell(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def heard(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))


async def closing_code(socket: ClientConnection) -> int:
    """With what the server closes it, whatever comes before."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionClosed):
            async for _ in socket:
                pass
    assert socket.close_code is not None
    return socket.close_code


async def test_a_key_told_over_a_socket_opens_nothing_for_others(
    address: str, http: httpx.AsyncClient, key: str, customer: Customer
) -> None:
    async with conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        assert (await heard(socket))["type"] == "connection_ack"
        answer = await http.post("/graphql", json={"query": "{ customers { edges { node { id } } } }"})
        assert answer.status_code == 401


async def test_a_key_opens_a_socket_for_queries_too(address: str, key: str) -> None:
    async with conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        assert (await heard(socket))["type"] == "connection_ack"
        await tell(socket, type="subscribe", id="1", payload={"query": "{ __typename }"})
        assert (await heard(socket))["payload"] == {"data": {"__typename": "Query"}}
        assert await heard(socket) == {"type": "complete", "id": "1"}
        await tell(socket, type="ping")
        assert await heard(socket) == {"type": "pong"}


async def test_a_token_follows_its_own_setup_session_and_no_other(
    address: str, database: Database, customer: Customer, token: str
) -> None:
    async with database.transaction() as session:
        mine = await create_setup_session(session, customer, await create_consent(session, customer))
    document = "subscription ($id: ID!) { setupSession(id: $id) { status } }"
    async with conversation(address, {"authorization": f"Bearer {token}"}) as socket:
        assert (await heard(socket))["type"] == "connection_ack"
        await tell(
            socket,
            type="subscribe",
            id="1",
            payload={"query": document, "variables": {"id": f"setup_session_{mine.id}"}},
        )
        assert (await heard(socket))["payload"] == {"data": {"setupSession": {"status": "OPEN"}}}
        other = {"query": document, "variables": {"id": f"setup_session_{customer.id}"}}
        await tell(socket, type="subscribe", id="2", payload=other)
        told = await heard(socket)
        assert "NOT_FOUND" in json.dumps(told)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, 4401),
        ({}, 4401),
        ({"authorization": ""}, 4401),
        ({"authorization": None}, 4401),
        ({"authorization": 1}, 4403),
        ({"authorization": "Bearer ak_production_x"}, 4403),
        ({"authorization": "Bearer a.b.c"}, 4403),
        ([], 4401),
        ("Bearer", 4401),
    ],
)
async def test_a_socket_without_a_good_credential_is_closed(address: str, payload: Any, code: int) -> None:
    async with conversation(address, payload) as socket:
        assert await closing_code(socket) == code


async def test_asking_before_the_introduction_is_unauthorized(address: str) -> None:
    async with connect(address, subprotocols=[PROTOCOL], proxy=None) as socket:
        await tell(socket, type="subscribe", id="1", payload={"query": "{ __typename }"})
        assert await closing_code(socket) == 4401


async def test_a_second_introduction_is_one_too_many(address: str, key: str, token: str) -> None:
    async with conversation(address, {"authorization": f"Bearer {token}"}) as socket:
        await heard(socket)
        await tell(socket, type="connection_init", payload={"authorization": f"Bearer {key}"})
        assert await closing_code(socket) == 4429


async def test_a_socket_closes_when_its_token_s_time_is_over(
    address: str, clock: Clock, customer: Customer, runtime: Runtime
) -> None:
    token, end = tokens.issue(customer.id, TOKEN_SECRETS, NOW, life=tokens.LONGEST_LIFE)
    async with conversation(address, {"authorization": f"Bearer {token}"}) as socket:
        await heard(socket)
        clock.now = end
        assert await closing_code(socket) == 4403
    async with conversation(address, {"authorization": f"Bearer {token}"}) as socket:
        assert await closing_code(socket) == 4403


async def test_a_socket_closes_when_its_key_is_revoked(
    address: str, database: Database, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "LOOK_EVERY", 1000.0)
    text = await make_key(database, "shop", KeyScope.READ)
    async with conversation(address, {"authorization": f"Bearer {text}"}) as socket:
        await heard(socket)
        async with database.transaction() as session:
            await keys.revoke(session, runtime.signals, "shop", NOW)
        assert await closing_code(socket) == 4403


@pytest.mark.parametrize(
    "message",
    ["nonsense", "1", "[]", "null", '{"type": "subscribe", "id": "1", "payload": 1}', '{"type": "unknown"}', "{}"],
)
async def test_what_is_no_message_closes_the_socket(address: str, key: str, message: str) -> None:
    async with conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        await heard(socket)
        await socket.send(message)
        assert await closing_code(socket) == 4400


async def test_the_older_protocol_is_not_spoken(address: str) -> None:
    async with connect(address, subprotocols=[Subprotocol("graphql-ws")], proxy=None) as socket:
        assert await closing_code(socket) == 4406


async def test_a_page_elsewhere_may_not_open_a_socket(address: str) -> None:
    for origin in ("https://evil.example", "http://localhost:3000", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            async with conversation(address, origin=origin):
                pass


async def test_listed_pages_may_and_in_development_this_machine_s(
    make_settings: Callable[..., Settings], runtime: Runtime, key: str
) -> None:
    listed = make_settings(cors_origins="https://shop.example")
    local = make_settings(assent_env="development")
    for settings, origin in ((listed, "https://shop.example"), (local, "http://localhost:3000")):
        async with (
            serving(create_app(settings, runtime)) as address,
            conversation(address, {"authorization": f"Bearer {key}"}, origin=origin) as socket,
        ):
            assert (await heard(socket))["type"] == "connection_ack"


@pytest.mark.parametrize("query", ["{ nothingOfTheKind }", "query ($a: Int!) { __typename }"])
async def test_what_cannot_be_run_is_told_and_the_socket_stays(address: str, key: str, query: str) -> None:
    async with conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        await heard(socket)
        await tell(socket, id="1", type="subscribe", payload={"query": query})
        answer = await heard(socket)
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"]
        await tell(socket, id="1", type="subscribe", payload={"query": "{ __typename }"})
        assert (await heard(socket))["payload"]["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"query": "query AnyText {"}, "Syntax Error"),
        ({"query": "{ a } " + "b" * 300}, "Syntax Error"),
        ({"query": "{ __typename }", "operationName": "ü" * 300}, "Unknown operation named"),
    ],
)
async def test_what_is_no_operation_closes_the_socket_and_says_why(
    address: str, key: str, payload: dict[str, str], reason: str
) -> None:
    async with conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        await tell(socket, id="1", type="subscribe", payload=payload)
        assert await closing_code(socket) == 4400
        assert (socket.close_reason or "").startswith(reason)


async def test_an_empty_name_of_an_operation_is_none(address: str, key: str) -> None:
    async with conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        await heard(socket)
        await tell(socket, id="1", type="subscribe", payload={"query": "{ __typename }", "operationName": ""})
        assert (await heard(socket))["payload"]["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{ " + "id " * 3000 + "}"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "#" * 40_000}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ __typename }", "variables": {"ids": ["x"] * 3000}}, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_not_worth_reading_is_refused_and_the_socket_stays(
    address: str, key: str, payload: dict[str, Any], code: str
) -> None:
    async with conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        await heard(socket)
        await tell(socket, id="1", type="subscribe", payload=payload)
        told = await heard(socket)
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", code)
        await tell(socket, type="ping")
        assert await heard(socket) == {"type": "pong"}
