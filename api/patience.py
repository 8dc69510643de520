"""How long the server waits for a request, and how large a head it takes: uvicorn has a limit for neither."""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.joining import Joining

# Seconds from a connection's or a request's first byte to the end of its headers.
HEAD_WITHIN = 15.0
# Seconds from there to the end of the body.
BODY_WITHIN = 20.0
# Bytes of the first line and all headers; a token and a few proxies' headers take two thousand.
LARGEST_HEAD = 64 * 1024

TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Patient(HttpToolsProtocol):
    """One connection. It is closed where it keeps us waiting: a few thousand such would leave no place for others."""

    joining: Joining
    waiting: asyncio.TimerHandle | None = None
    has_head = False
    has_ended = False
    size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.joining = Joining(transport, self.loop)
        super().connection_made(cast(asyncio.Transport, self.joining))
        self._wait()

    def data_received(self, data: bytes) -> None:
        self.has_ended = False
        super().data_received(data)
        if self.has_ended:
            self.size = 0  # most likely all of it was this request, and nothing the next one's head
        elif not self.transport.is_closing() and self.transport.get_protocol() is self:  # else a WebSocket by now
            self._count(len(data))

    def _count(self, more: int) -> None:
        self.size = 0 if self.has_head else self.size + more
        if self.size > LARGEST_HEAD:
            self.transport.close()
        elif self.waiting is None:
            self._wait()

    def on_headers_complete(self) -> None:
        self.has_head = True
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.has_head, self.has_ended = False, True
        self._stop_waiting()

    def eof_received(self) -> None:
        self.joining.flush()  # the transport closes by itself after this
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.waiting = self.loop.call_later(BODY_WITHIN if self.has_head else HEAD_WITHIN, self._give_up)

    def _stop_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def _give_up(self) -> None:
        if self.pipeline or not (self.has_head or self.cycle is None or self.cycle.response_complete):
            self._wait()  # an answer to what came before is on its way
            return
        if self.has_head and not self.cycle.response_started:
            self.transport.write(TIMED_OUT)
        self.transport.close()
