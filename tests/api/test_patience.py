"""Connections that are slow, or say too much, are ended; the real server, spoken to byte by byte."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api import patience, sockets
from api.requests import LARGEST_BODY
from billing.database import Database
from billing.tables import Customer
from tests.api.conftest import serving
from tests.factories import create_consent, create_setup_session

SHORT = 0.3
PATIENCE = 20


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_WITHIN", SHORT)
    monkeypatch.setattr(patience, "BODY_WITHIN", SHORT)


@pytest.fixture
async def address(app: Starlette) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address


class Connection:
    """A bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def drip(self, data: bytes) -> bytes:
        """What the server says while it is sent a byte at a time, until it ends the connection."""
        said = asyncio.create_task(self._listen())
        for number in range(10_000):
            if said.done():
                return said.result()
            self.writer.write(data[number % len(data) :][:1])
            await asyncio.sleep(SHORT / 20)
        raise AssertionError("the server never ended it")

    async def _listen(self) -> bytes:
        heard = b""
        with contextlib.suppress(ConnectionError):  # it ended it while a byte was on its way
            while part := await self.reader.read(100_000):
                heard += part
        return heard

    async def say(self, data: bytes) -> bytes:
        """What the server says to this, until it ends the connection or has said its headers."""
        self.writer.write(data)
        return await asyncio.wait_for(self.reader.read(100_000), PATIENCE)


@pytest.fixture
async def connection(address: str) -> AsyncIterator[Connection]:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    yield Connection(reader, writer)
    writer.close()


@pytest.mark.parametrize(
    "data",
    [b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-Slow: a\r\n" * 1000, b"\r\n", b"GET /" + b"a" * 10_000],
    ids=["headers", "nothing but line breaks", "an address"],
)
async def test_a_head_that_comes_drop_by_drop_is_not_waited_for(connection: Connection, data: bytes) -> None:
    assert await connection.drip(data) == b""


async def test_who_says_nothing_at_all_is_not_waited_for(connection: Connection) -> None:
    assert await asyncio.wait_for(connection.reader.read(), PATIENCE) == b""


async def test_a_second_request_has_time_of_its_own(connection: Connection) -> None:
    for _ in range(3):
        assert (await connection.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(SHORT * 0.7)
    assert await connection.drip(b"GET /healthz HTTP/1.1\r\n" + b"X-Slow: a\r\n" * 1000) == b""


async def test_a_large_body_is_no_head(connection: Connection, key: str) -> None:
    body = json.dumps({"query": "{ __typename }", "variables": {"long": "x" * 200_000}}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for _ in range(2):
        assert (await connection.say(head.encode() + body)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", ["/graphql", "/webhooks/stripe"])
async def test_a_body_that_comes_drop_by_drop_is_refused(connection: Connection, key: str, path: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n"
    )
    connection.writer.write(head.encode())
    assert (await connection.drip(b" ")).startswith(b"HTTP/1.1 408")


async def test_who_was_refused_before_the_body_ended_is_let_go_of(connection: Connection) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n"
    assert (await connection.say(head)).startswith(b"HTTP/1.1 401")
    assert await asyncio.wait_for(connection.reader.read(), PATIENCE) == b""


async def test_headers_have_an_end(connection: Connection) -> None:
    sent = b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + (b"X-Long: " + b"a" * 8000 + b"\r\n") * 100
    with contextlib.suppress(ConnectionError):
        assert await connection.say(sent) == b""


async def test_a_message_over_a_socket_has_a_size(address: str) -> None:
    async with bare(address) as socket:
        await socket.send(" " * (LARGEST_BODY + 1))
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), PATIENCE)
        assert socket.close_code == 1009


async def test_a_socket_has_so_many_operations(address: str, key: str, database: Database, customer: Customer) -> None:
    async with database.transaction() as session:
        mine = await create_setup_session(session, customer, await create_consent(session, customer))
    lasting = {"query": f'subscription {{ setupSession(id: "setup_session_{mine.id}") {{ status }} }}'}
    async with bare(address) as socket:
        await tell(socket, type="connection_init", payload={"authorization": f"Bearer {key}"})
        await socket.recv()
        for number in range(sockets.MOST_OPERATIONS + 1):
            await tell(socket, type="subscribe", id=str(number), payload=lasting)
        told = [json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)) for _ in range(sockets.MOST_OPERATIONS + 1)]
        assert [each["id"] for each in told if each["type"] == "error"] == [str(sockets.MOST_OPERATIONS)]


async def test_a_socket_that_does_not_say_whose_it_is_is_closed(
    app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    [opened] = [each for each in app.routes if isinstance(each, WebSocketRoute)]
    converse: Any = opened.endpoint
    monkeypatch.setattr(converse.__self__, "connection_init_wait_timeout", timedelta(seconds=SHORT))
    async with serving(app) as address, bare(address) as socket:
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), PATIENCE)
        assert socket.close_code == 4408


def bare(address: str) -> connect:
    """A socket that has said nothing."""
    return connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None)


async def tell(socket: Any, **message: Any) -> None:
    await socket.send(json.dumps(message))
