"""The sandbox itself: whether it runs, what is switched on in its Dashboard, so to speak, and its clock."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.controls.answering import endpoint
from sandbox.controls.fields import Fields, Refused
from sandbox.core import Sandbox
from sandbox.engine import moving
from sandbox.settings import known_methods
from sandbox.work import Object

LONGEST = 100 * 365 * 24 * 3600.0
"""Seconds: further than that nobody needs to look ahead."""
HOW_TO_CONFIGURE = 'Send any of {"methods": ["card", "amazon_pay"], "retries": [DAYS, ...], "after_retries": "cancel"}.'
HOW_TO_MOVE = 'Send {"advance": SECONDS}, or {"to": TIME} with a Unix time in seconds or a date and time in UTC.'


def routes(sandbox: Sandbox) -> list[Route]:
    """Each control at an address of its own."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def show_config(_request: Request) -> Response:
        return JSONResponse(config(sandbox))

    async def show_clock(_request: Request) -> Response:
        return JSONResponse(clock(sandbox))

    return [
        Route("/_sandbox/health", health),
        Route("/_sandbox/config", show_config, methods=["GET"]),
        Route("/_sandbox/config", endpoint(sandbox, partial(set_config, sandbox)), methods=["POST"]),
        Route("/_sandbox/clock", show_clock, methods=["GET"]),
        Route("/_sandbox/clock", endpoint(sandbox, partial(move_clock, sandbox)), methods=["POST"]),
    ]


def config(sandbox: Sandbox) -> Object:
    """What is switched on, and what follows failed payments."""
    return {"methods": list(sandbox.methods), **asdict(sandbox.billing)}


def set_config(sandbox: Sandbox, fields: Fields) -> Object:
    """Set the `methods`, the `retries` and what becomes of a subscription `after_retries`: any of them.

    A list may be written as a text with commas, as a form sends it.
    """
    try:
        given = {name: fields.raw(name) for name in ("methods", "retries", "after_retries") if fields.has(name)}
        fields.refuse_others()
        if isinstance(names := given.get("methods"), str):
            given["methods"] = [name.strip() for name in names.split(",")]
        if isinstance(days := given.get("retries"), str):
            given["retries"] = [int(day) for day in days.split(",")]
        configure(sandbox, **given)
    except (Refused, ValueError, TypeError) as error:
        raise Refused(f"{HOW_TO_CONFIGURE} {error}") from error
    return config(sandbox)


def configure(sandbox: Sandbox, *, methods: list[str] | None = None, **billing: Any) -> None:
    """Set any of it; the rest stays. Raises ValueError, and TypeError for what there is no setting for."""
    if "retries" in billing:
        billing["retries"] = tuple(billing["retries"])
    changed = replace(sandbox.billing, **billing)
    sandbox.methods = known_methods(methods) if methods is not None else sandbox.methods
    sandbox.billing = changed


def clock(sandbox: Sandbox) -> Object:
    """The sandbox's time, and how many seconds it is ahead of the machine's."""
    return {"now": sandbox.clock.now(), "ahead": sandbox.clock.ahead}


def move_clock(sandbox: Sandbox, fields: Fields) -> Object:
    """Move the clock forward, by `advance` or `to` a time, while everything that falls due happens."""
    try:
        to = wanted_time(sandbox, fields)
        fields.refuse_others()
        moving.move(sandbox, to)
    except (Refused, ValueError) as error:
        raise Refused(f"{HOW_TO_MOVE} {error}") from error
    return clock(sandbox)


def wanted_time(sandbox: Sandbox, fields: Fields) -> float:
    """The second that `to` or `advance` means. Raises Refused, and ValueError for a date that is none."""
    if not fields.has("to"):
        if not fields.has("advance"):
            fields.refuse("advance", "is missing")
        return sandbox.clock.exact() + fields.number("advance", 0.0, 0.0, LONGEST)
    if isinstance(date := fields.raw("to"), str) and not date.isdecimal():
        moment = datetime.fromisoformat(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return fields.integer("to", None, 0, int(sandbox.clock.exact() + LONGEST))
