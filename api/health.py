"""Whether the process lives, and whether it can do its work."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from billing.backlog import inbox_lag
from billing.checks import check_migrated, check_reachable
from billing.runtime import Runtime
from billing.settings import CannotStart

# Seconds that the oldest event that is due may have waited.
LONGEST_LAG = 300


async def is_alive(_request: Request) -> Response:
    """The process answers; nothing else is asked."""
    return PlainTextResponse("ok\n")


async def is_ready(runtime: Runtime, request: Request) -> Response:
    """200 where requests can be served and events are applied; else 503 with what is wrong."""
    problems, lag = [], None
    if getattr(request.app.state, "draining", False):
        problems.append("This server is about to stop.")
    try:
        await check_reachable(runtime.database)
        await check_migrated(runtime.database)
        lag = await inbox_lag(runtime.database, runtime.clock())
    except CannotStart as problem:
        problems.append(str(problem))
    if lag is not None and lag > LONGEST_LAG:
        problems.append(f"Stripe's events wait for {lag:.0f} seconds; is an applier running?")
    answer = {"ready": not problems, "problems": problems, "inboxLagSeconds": lag}
    return JSONResponse(answer, 503 if problems else 200)
