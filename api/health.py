"""Whether the process lives, whether it can do its work, and figures."""

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api.addresses import is_local
from api.authentication import Gate, Unauthenticated
from api.rates import TooMany
from billing.checks import check_migrated, check_reachable, inbox_lag
from billing.runtime import Runtime
from billing.settings import CannotStart
from billing.tables import KeyScope

# Seconds that the oldest event that is due may have waited.
LONGEST_LAG = 300

LAG = Gauge("assent_inbox_lag_seconds", "Age of the oldest stored event that is due and not applied.")


async def is_alive(_request: Request) -> Response:
    """The process answers; nothing else is asked."""
    return PlainTextResponse("ok\n")


async def is_ready(runtime: Runtime, _request: Request) -> Response:
    """200 where requests can be served and events are applied; else 503 with what is wrong."""
    problems, lag = [], None
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


async def metrics(runtime: Runtime, gate: Gate, request: Request) -> Response:
    """Prometheus's text, for this machine or an admin's key."""
    if not (is_local(request) or await _is_admin(gate, request)):
        return PlainTextResponse("Send the key of an admin.\n", 401, {"WWW-Authenticate": "Bearer"})
    LAG.set(await inbox_lag(runtime.database, runtime.clock()))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _is_admin(gate: Gate, request: Request) -> bool:
    try:
        identity = await gate.let_in(request, request.headers.get("authorization"))
    except (Unauthenticated, TooMany):
        return False
    return identity.caller.scope is KeyScope.ADMIN
