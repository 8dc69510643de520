"""What is written to a connection in one go of the event loop goes out together."""

import asyncio
from typing import Any


class Joining:
    """A transport in the place of another. uvicorn writes the head of an answer and its body by themselves.

    Each would be a call of the system, which takes longer than most of what an answer else goes through.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._written: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """At the end of what the loop is just doing."""
        if not self._written:
            self._loop.call_soon(self._flush)
        self._written.append(data)

    def close(self) -> None:
        """After what is written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._written:
            written, self._written = self._written, []
            self._transport.write(b"".join(written))
