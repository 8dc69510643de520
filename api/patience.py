"""How long the server waits for a request's head, and how much of it it takes: uvicorn has a limit for neither."""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.joining import Joining

# Seconds from a connection's or a request's first byte to the end of its headers.
HEAD_WITHIN = 15.0
# Bytes of the first line and all headers; a token and a few proxies' headers take two thousand.
LARGEST_HEAD = 64 * 1024


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
        if self.has_head or self.transport.is_closing() or self.transport.get_protocol() is not self:
            return  # the last is a WebSocket by now
        # What ended a request was most likely its body, and not the next one's head.
        self.size = 0 if self.has_ended else self.size + len(data)
        if self.size > LARGEST_HEAD:
            self.transport.close()
        elif self.waiting is None and not self.has_ended:
            self._wait()

    def on_headers_complete(self) -> None:
        self.has_head, self.size = True, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.has_head, self.has_ended = False, True

    def eof_received(self) -> None:
        self.joining.flush()  # the transport closes by itself after this
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.waiting = self.loop.call_later(HEAD_WITHIN, self._give_up)

    def _stop_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def _give_up(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait()  # an answer to what came before is on its way
        else:
            self.transport.close()
