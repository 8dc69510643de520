"""Connections that can be closed without an answer."""

import asyncio

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

CONNECTION = "sandbox.connection"


class Closable(Starlette):
    """An application whose answers can end their connection.

    ASGI has no word for that; the server's own `send` knows the transport, and anything wrapped around it does not.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[CONNECTION] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)


class NoAnswer(Response):
    """No answer: after so many seconds the connection is closed."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        await asyncio.sleep(self.seconds)
        scope[CONNECTION].abort()
        await receive()  # until the server has noticed, or it would send an error of its own
