"""Events: what happened, as the API lists it and as webhooks carry it."""

from copy import deepcopy
from typing import Any

from sandbox.ids import new_id
from sandbox.wire import contract
from sandbox.wire.pagination import shown
from sandbox.work import Object, Work


def emit(work: Work, type: str, obj: Object, previous: Object | None = None) -> None:
    """Record an event with the object as it is now, and queue it for every endpoint that wants it."""
    data = {"object": shown(obj)}
    if previous is not None:
        data["previous_attributes"] = previous
    receivers = listeners(work, type)
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": contract.VERSION,
        "created": work.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": len(receivers),
        "request": {"id": work.caller.request_id, "idempotency_key": work.caller.idempotency_key},
        "type": type,
    }
    work.add(event)
    work.queued = work.queued or bool(receivers)
    draft = obj["id"] if type == "invoice.created" else None
    work.connection.executemany(
        "INSERT INTO deliveries (event, endpoint, due, draft) VALUES (?, ?, ?, ?)",
        [(event["id"], endpoint, work.sandbox.clock.exact(), draft) for endpoint in reversed(receivers)],
    )


def listeners(work: Work, type: str) -> list[str]:
    """The ids of the endpoints that want events of this type."""
    return [each["id"] for each in work.select("webhook_endpoint") if _wants(each, type)]


def change(work: Work, type: str, obj: Object, **changes: Any) -> Object:
    """Change fields of an object, store it, and emit `type` with what was there before, if anything changed."""
    previous = apply(obj, changes)
    if previous:
        work.save(obj)
        emit(work, type, obj, previous)
    return obj


def apply(obj: Object, changes: Object) -> Object:
    """Change fields; what was there before, in the shape of `previous_attributes`."""
    before = {name: deepcopy(obj.get(name)) for name in changes}
    obj.update(changes)
    return difference(before, changes)


def difference(before: Object, after: Object) -> Object:
    """The earlier values of what differs: of hashes only the differing keys, with null for a key that is new."""
    result: Object = {}
    for name in [*before, *(name for name in after if name not in before)]:
        was, is_now = before.get(name), after.get(name)
        if was == is_now:
            continue
        if isinstance(was, dict) and isinstance(is_now, dict) and "object" not in was:
            result[name] = difference(was, is_now)
        else:
            result[name] = was
    return result


def _wants(endpoint: Object, type: str) -> bool:
    wanted = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or type in wanted)
