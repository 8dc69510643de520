"""How long the server waits for a client, and how much of what it sends is kept: uvicorn has hardly a limit for it."""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.joining import Joining

# Seconds from a connection's or a request's first byte to the end of its headers.
HEAD_WITHIN = 15.0
# Seconds from there to the end of the body.
BODY_WITHIN = 20.0
# Seconds for a client to take some of what is written to it, when that has piled up.
READS_WITHIN = 60.0
# Bytes of the first line and all headers; a token and a few proxies' headers take two thousand.
LARGEST_HEAD = 64 * 1024
# Bytes behind them; what a body may have is the endpoint's to say, and to tell.
LARGEST_REST = 4 * 1024 * 1024
# Requests of one connection that wait while another is answered.
MOST_WAITING = 16
# Bytes that are written to a socket and not taken.
MOST_UNREAD = 1024 * 1024

TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
NO_HANDSHAKE = "This is no handshake of a WebSocket."


class Patient(HttpToolsProtocol):
    """One connection. It is closed where it keeps us waiting: a few thousand such would leave no place for others."""

    joining: Joining
    waiting: asyncio.TimerHandle | None = None
    writing: asyncio.TimerHandle | None = None
    has_head = False
    has_ended = False
    size = 0
    unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.joining = Joining(transport, self.loop)
        super().connection_made(cast(asyncio.Transport, self.joining))
        self._wait()

    def data_received(self, data: bytes) -> None:
        self.has_ended = False
        super().data_received(data)
        if self.has_ended:
            self.size = 0  # most likely all of it was this request, and nothing the next one's head
            if self.cycle is not None and self.cycle.response_complete and self.waiting is None:
                self._wait()  # it was answered before its end, and uvicorn waits no more
        elif not self.transport.is_closing() and self.transport.get_protocol() is self:  # else a WebSocket by now
            self._count(len(data))

    def _count(self, more: int) -> None:
        self.size += more
        if self.size > (LARGEST_REST if self.has_head else LARGEST_HEAD):
            self.transport.close()
        elif self.waiting is None:
            self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes behind a body says nothing of the request: nobody between the client and us has looked at it.
        if not self.has_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_WAITING:
            self.transport.close()  # without a word, which would be taken for the answer to the first of them
            raise ValueError("too many requests wait")
        self.has_head, self.has_ended, self.size = True, False, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.has_head, self.has_ended = False, True
        self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_writing()

    def handle_websocket_upgrade(self) -> None:
        self._stop_waiting()
        self._stop_writing()
        super().handle_websocket_upgrade()
        socket = self.transport.get_protocol()
        if isinstance(socket, PatientSocket) and not socket.handshake_initiated:
            self.send_400_response(NO_HANDSHAKE)  # the library would say nothing, and wait

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_writing()

    def eof_received(self) -> None:
        self.joining.flush()  # the transport closes by itself after this
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_writing()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.waiting = self.loop.call_later(BODY_WITHIN if self.has_head else HEAD_WITHIN, self._give_up)

    def _stop_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def _give_up(self) -> None:
        is_before = not (self.has_head or self.cycle is None or self.cycle.response_complete)
        if self.pipeline or is_before or self.flow.read_paused:
            self._wait()  # an answer to what came before is on its way, or it is we who do not read
            return
        if self.has_head and not self.cycle.response_started:
            self.transport.write(TIMED_OUT)
        self.transport.close()
        self._watch_writing()

    def _watch_writing(self) -> None:
        self.unread = self.transport.get_write_buffer_size()
        if self.unread and self.writing is None:
            self.writing = self.loop.call_later(READS_WITHIN, self._look_at_writing)

    def _look_at_writing(self) -> None:
        self.writing = None
        if self.transport.get_write_buffer_size() < self.unread:
            self._watch_writing()
        else:
            self.transport.abort()

    def _stop_writing(self) -> None:
        if self.writing is not None:
            self.writing.cancel()
            self.writing = None


class PatientSocket(WebSocketsSansIOProtocol):
    """One WebSocket. Whoever pings and never reads would fill the memory with what is answered."""

    def handle_ping(self) -> None:
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self.transport.abort()
