"""Keeping up with time that passes by itself."""

import asyncio
import logging

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.core import Sandbox
from sandbox.engine import moving

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two looks."""


async def keep_up(sandbox: Sandbox) -> None:
    """Look again and again until canceled."""
    while True:
        await asyncio.sleep(PAUSE)
        await _look(sandbox)


class Punctual:
    """Lets what is due happen before a request is answered, so that no answer shows what should be over."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app, self.sandbox = app, sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _look(self.sandbox)
        await self.app(scope, receive, send)


async def _look(sandbox: Sandbox) -> None:
    try:
        await asyncio.to_thread(moving.catch_up, sandbox)
    except Exception:  # the boundary of a background task: the next look tries again
        log.exception("Upkeep failed")
