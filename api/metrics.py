"""`/metrics`: Prometheus's text, for this machine, for whoever has METRICS_TOKEN, and for an admin's key."""

import hmac
import platform

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.addresses import is_local
from api.authentication import Gate, Unauthenticated
from api.rates import TooMany
from api.version import VERSION
from billing.backlog import Backlog, measure
from billing.checks import check_migrated, check_reachable
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import CannotStart, StripeSettings
from billing.stripe_gateway import API_VERSION
from billing.tables import KeyScope

log = structlog.get_logger()


async def show(runtime: Runtime, settings: StripeSettings, gate: Gate | None, request: Request) -> Response:
    """What this process has counted, and what the database says of all of them; the former too if it is away.

    A worker has no `gate`, and knows no keys.
    """
    if not await _may_see(settings, gate, request):
        return PlainTextResponse("Send METRICS_TOKEN, or the key of an admin.\n", 401, {"WWW-Authenticate": "Bearer"})
    looked = _registry(runtime.database, await _backlog(runtime))
    return Response(generate_latest() + generate_latest(looked), media_type=CONTENT_TYPE_LATEST)


async def _may_see(settings: StripeSettings, gate: Gate | None, request: Request) -> bool:
    if is_local(request):
        return True
    authorization = request.headers.get("authorization", "")
    token = settings.metrics_token and settings.metrics_token.get_secret_value()
    if token and hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        return True
    return gate is not None and await _is_admin(gate, request, authorization)


async def _is_admin(gate: Gate, request: Request, authorization: str) -> bool:
    try:
        identity = await gate.let_in(request, authorization)
    except (Unauthenticated, TooMany):
        return False
    return identity.caller.scope is KeyScope.ADMIN


async def _backlog(runtime: Runtime) -> Backlog | None:
    try:
        await check_reachable(runtime.database)
        await check_migrated(runtime.database)
        return await measure(runtime.database, runtime.clock())
    except CannotStart as problem:
        log.warning("the database could not be measured", reason=str(problem))
        return None


def _registry(database: Database, backlog: Backlog | None) -> CollectorRegistry:
    """Made anew at each scrape: a value whose reason is gone is gone too, where a gauge would keep it."""
    registry = CollectorRegistry()

    def gauge(name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"assent_{name}", what, labels, registry=registry)

    build = gauge("build_info", "1, with what runs.", "version", "stripe_api_version", "python")
    build.labels(VERSION, API_VERSION, platform.python_version()).set(1)
    in_use, most = database.connections
    gauge("database_connections_in_use", "Connections of this process that are in use.").set(in_use)
    gauge("database_connections_max", "The most connections that this process opens.").set(most)
    gauge("database_up", "Whether the database answers and has this version's tables.").set(backlog is not None)
    if backlog is None:
        return registry
    gauge("inbox_lag_seconds", "Age of the oldest stored event that is due and not applied.").set(backlog.oldest_due)
    oldest = "Age of the oldest stored event that is not applied, those included that are tried again later."
    gauge("inbox_oldest_unapplied_seconds", oldest).set(backlog.oldest_waiting)
    events = gauge("inbox_events", "Events: due, waiting for another try, given up.", "state")
    for state, count in (
        ("due", backlog.due),
        ("waiting", backlog.waiting - backlog.due),
        ("failed", backlog.failed),
    ):
        events.labels(state).set(count)
    operations = gauge("operations_open", "Operations without an outcome.", "mutation", "status")
    for labels, count in backlog.operations.items():
        operations.labels(*labels).set(count)
    held = gauge("renewals_held_now", "Renewals that are held, by the reason.", "reason")
    for reason, count in backlog.held.items():
        held.labels(reason).set(count)
    return registry
