"""Reading events back."""

from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

UNDELIVERED = "SELECT event FROM deliveries WHERE NOT delivered"


def retrieve(work: Work, id: str, _params: Params) -> Object:
    """GET /v1/events/{id}."""
    return with_pending(work, work.get("event", id))


def list_events(work: Work, params: Params) -> Object:
    """GET /v1/events, by type, time and whether they were delivered."""
    types = params.get("types") or [each for each in [params.get("type")] if each]
    sql, values = _of_types(types)
    if "delivery_success" in params:
        sql += f" AND id {'NOT IN' if params.get('delivery_success') else 'IN'} ({UNDELIVERED})"
    found = page(work, "event", params, "/v1/events", {}, sql, *values)
    for event in found["data"]:
        with_pending(work, event)
    return found


def with_pending(work: Work, event: Object) -> Object:
    """The event with the number of deliveries that are still to succeed."""
    row = work.connection.execute(
        "SELECT count(*) FROM deliveries WHERE event = ? AND NOT delivered AND due IS NOT NULL",
        (event["id"],),
    ).fetchone()
    event["pending_webhooks"] = row[0]
    return event


def _of_types(types: list[str]) -> tuple[str, list[str]]:
    """`customer.*` means every type that begins with `customer.`."""
    if not types:
        return "", []
    type = "json_extract(body, '$.type')"
    return f"AND ({' OR '.join([f'{type} GLOB ?'] * len(types))})", types


KIND = Kind("event")

ENDPOINTS = [
    Endpoint("GET", "/v1/events", list_events),
    Endpoint("GET", "/v1/events/{id}", retrieve),
]
