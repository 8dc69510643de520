"""The sandbox itself: whether it runs, what is switched on in its Dashboard, so to speak, and its clock."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.core import Sandbox
from sandbox.engine import moving
from sandbox.settings import known_methods


def routes(sandbox: Sandbox) -> list[Route]:
    """Each control at an address of its own."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def show_methods(_request: Request) -> Response:
        return JSONResponse({"methods": list(sandbox.methods)})

    async def set_methods(request: Request) -> Response:
        try:
            sandbox.methods = known_methods((await request.json())["methods"])
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f'Send {{"methods": ["card", "amazon_pay"]}}. {error}'}, 400)
        return await show_methods(request)

    async def show_clock(_request: Request) -> Response:
        return JSONResponse({"now": sandbox.clock.now(), "ahead": sandbox.clock.ahead})

    async def move_clock(request: Request) -> Response:
        try:
            to = wanted_time(sandbox, await request.json())
            await asyncio.to_thread(moving.move, sandbox, to)
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f'Send {{"advance": SECONDS}} or {{"to": EPOCH}}. {error}'}, 400)
        return await show_clock(request)

    return [
        Route("/_sandbox/health", health),
        Route("/_sandbox/config", show_methods, methods=["GET"]),
        Route("/_sandbox/config", set_methods, methods=["POST"]),
        Route("/_sandbox/clock", show_clock, methods=["GET"]),
        Route("/_sandbox/clock", move_clock, methods=["POST"]),
    ]


def wanted_time(sandbox: Sandbox, given: dict[str, Any]) -> float:
    """The second that `to` or `advance` means. Raises KeyError, TypeError, ValueError."""
    if "to" in given:
        return int(given["to"])
    return sandbox.clock.exact() + float(given["advance"])
