"""What is written to a connection in one go of the event loop goes out together."""

import asyncio
from typing import Any

# Bytes that go out without waiting for more.
PLENTY = 64 * 1024


class Joining:
    """A transport in the place of another. uvicorn writes the head of an answer and its body by themselves.

    Each would be a call of the system, which takes longer than most of what an answer else goes through.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._written: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """At the end of what the loop is just doing, unless it is much."""
        if not self._written:
            self._loop.call_soon(self.flush)
        self._written.append(data)
        self._size += len(data)
        if self._size > PLENTY:
            self.flush()

    def close(self) -> None:
        """After what is written."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Now; to whoever has gone by now, nothing."""
        written, self._written, self._size = self._written, [], 0
        if written and not self._transport.is_closing():
            self._transport.write(b"".join(written))
