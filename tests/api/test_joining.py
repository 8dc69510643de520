"""One answer is one write: the protocol is given a transport that remembers what goes out, and when."""

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from uvicorn.server import ServerState

from api.joining import PLENTY
from api.patience import Patient
from api.server import configuration

PARTS = ["one,", "two,", "three"]


class Wire(asyncio.Transport):
    """Where nothing arrives, and what goes out stays."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.protocol: Any = None
        self.closed = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed.is_set()
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed.set()

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def get_protocol(self) -> Any:
        return self.protocol

    def resume_reading(self) -> None:
        """Nothing comes in but what the test brings."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


async def whole(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("everything")


async def in_parts(_request: Request) -> StreamingResponse:
    async def parts() -> Any:
        for each in PARTS:
            yield each
            await asyncio.sleep(0.01)

    return StreamingResponse(parts())


async def much(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * (2 * PLENTY))


async def written(path: str) -> list[bytes]:
    """What goes out for one request, until the connection is closed."""
    config = configuration(
        Starlette(routes=[Route("/whole", whole), Route("/parts", in_parts), Route("/much", much)]), grace=1
    )
    config.load()
    wire, protocol = Wire(), Patient(config, ServerState(), {})
    wire.protocol = protocol
    protocol.connection_made(wire)
    protocol.data_received(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        await wire.closed.wait()
    protocol.connection_lost(None)
    return wire.writes


async def test_head_and_body_go_out_together_before_the_connection_closes() -> None:
    [write] = await written("/whole")
    head, _, body = write.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"everything"


async def test_what_comes_in_parts_goes_out_in_parts() -> None:
    writes = await written("/parts")
    assert len(writes) >= len(PARTS)
    assert all(part.encode() in write for part, write in zip(PARTS, writes, strict=False))


async def test_much_arrives_whole() -> None:
    writes = await written("/much")
    assert b"".join(writes).endswith(b"\r\n\r\n" + b"x" * (2 * PLENTY))
