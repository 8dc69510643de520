"""The Date header, by the sandbox's own clock."""

from email.utils import formatdate

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.clock import Clock


class Dated:
    """Dates each answer when it is sent.

    The server's own header is renewed once a second, so it may say the second before; an answer would then seem older
    than the events of what it tells.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self.app, self.clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Date"] = formatdate(self.clock.now(), usegmt=True)
            await send(message)

        await self.app(scope, receive, dated)
