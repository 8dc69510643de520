"""Connections of clients that mean no good, none of which has to have a credential; the real server, byte by byte."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api import patience
from api.patience import Patient, PatientSocket
from tests.api.conftest import serving

SHORT = 0.3
PATIENCE = 20.0

ORDINARY = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    b"Connection: close\r\n\r\n"
)
UPGRADE = b"/graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
HANDSHAKE = (
    b"GET " + UPGRADE + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_WITHIN", "BODY_WITHIN", "READS_WITHIN"):
        monkeypatch.setattr(patience, name, SHORT)


@pytest.fixture
async def address(app: Starlette) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address


@pytest.fixture
async def streams(address: str) -> AsyncIterator[Streams]:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    yield reader, writer
    writer.transport.abort()


async def ended(streams: Streams, *sent: bytes) -> bytes:
    """What the server says to this until it ends the connection."""
    reader, writer = streams
    with contextlib.suppress(ConnectionError):
        for each in sent:
            writer.write(each)
            await asyncio.wait_for(writer.drain(), PATIENCE)
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), PATIENCE)
    return b""


async def test_requests_that_wait_for_their_turn_have_an_end(streams: Streams) -> None:
    said = await ended(streams, ORDINARY * 5000)
    assert b"HTTP/1.1 400" in said or not said  # a reset takes with it what was said before
    assert said.count(b"HTTP/1.1 200") <= patience.MOST_WAITING + 1


async def test_a_few_requests_may_come_at_once(streams: Streams) -> None:
    said = await ended(streams, ORDINARY * 8 + ORDINARY.replace(b"Host", b"Connection: close\r\nHost"))
    assert said.count(b"HTTP/1.1 200") == 9


async def test_what_comes_behind_a_body_is_no_header(streams: Streams, key: str) -> None:
    body = json.dumps({"query": "{ __typename }"}).encode()
    chunk = b"%x\r\n%b\r\n0\r\n" % (len(body), body)
    said = await ended(streams, CHUNKED + chunk + f"Authorization: Bearer {key}\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 401")


async def test_what_comes_behind_a_body_has_an_end(streams: Streams, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BODY_WITHIN", PATIENCE * 10)
    monkeypatch.setattr(patience, "LARGEST_REST", 100_000)
    allowed = CHUNKED.replace(b"Connection: close", f"Authorization: Bearer {key}".encode())
    line = b"X-Long: " + b"a" * 8000 + b"\r\n"
    assert await ended(streams, allowed + b"0\r\n", *[line] * 20) == b""


async def test_who_was_refused_before_the_body_s_end_is_let_go_of_behind_it(streams: Streams) -> None:
    reader, writer = streams
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n")
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 401")
    assert (await ended(streams, b"abcd")).endswith(b"}")


async def test_who_reads_slowly_reads_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 24 * 2**20

    async def answer(_request: Request) -> Response:
        return Response(b"x" * size)

    async with serving(Starlette(routes=[Route("/large", answer)])) as address:
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=4096)
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        heard = 0
        while part := await reader.read(size // 8):
            heard += len(part)
            await asyncio.sleep(SHORT / 40 * len(part) / 65_536)
        assert heard > size
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        ORDINARY + b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        b"POST " + UPGRADE + b"Content-Length: 3\r\n\r\n",
        HANDSHAKE + b"Cookie: " + b"a" * 9000 + b"\r\n\r\n",
    ],
    ids=["a body behind another request", "a socket by POST", "a socket with a large head"],
)
async def test_whoever_goes_silent_is_not_waited_for(streams: Streams, sent: bytes) -> None:
    assert (await ended(streams, sent)).startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))


async def test_whoever_takes_nothing_is_not_waited_for(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, lost = asyncio.Event(), Patient.connection_lost

    def look(self: Patient, error: Exception | None) -> None:
        lost(self, error)
        gone.set()

    monkeypatch.setattr(Patient, "connection_lost", look)
    monkeypatch.setattr(patience, "MOST_WAITING", 10_000)
    parts, loop = urlsplit(address), asyncio.get_running_loop()
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await loop.sock_connect(raw, (parts.hostname, parts.port))
        with contextlib.suppress(ConnectionError):
            await loop.sock_sendall(raw, b"GET /static/pages.css HTTP/1.1\r\nHost: x\r\n\r\n" * 3000)
        await asyncio.wait_for(gone.wait(), PATIENCE)


async def test_pings_are_not_answered_into_memory(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    most, answer = 0, PatientSocket.handle_ping

    def look(self: PatientSocket) -> None:
        nonlocal most
        most = max(most, self.transport.get_write_buffer_size())
        answer(self)

    monkeypatch.setattr(PatientSocket, "handle_ping", look)
    reader: Any
    reader, writer = streams
    writer.write(HANDSHAKE + b"\r\n")
    await reader.readuntil(b"\r\n\r\n")
    reader._transport.pause_reading()  # nothing public stops it from reading
    ping = struct.pack("!BB4s", 0x89, 0x80 | 125, b"\0\0\0\0") + b"p" * 125
    with contextlib.suppress(ConnectionError):
        for _ in range(600):
            writer.write(ping * 500)
            await asyncio.wait_for(writer.drain(), PATIENCE)
    assert writer.is_closing()
    assert most < 2 * patience.MOST_UNREAD


@pytest.mark.parametrize("payload", ['{"authorization": "Bearer \\ud800"}', "[" * 100_000, '{"authorization": ["x"]}'])
async def test_an_introduction_that_is_none_closes_the_socket_and_is_no_fault(address: str, payload: str) -> None:
    protocols = [Subprotocol("graphql-transport-ws")]
    async with connect(address, subprotocols=protocols, proxy=None) as opened:
        await opened.send(f'{{"type": "connection_init", "payload": {payload}}}')
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(opened.recv(), PATIENCE)
        assert opened.close_code in (4400, 4403)
