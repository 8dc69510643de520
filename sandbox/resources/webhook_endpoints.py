"""Webhook endpoints: where events are sent."""

from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.wire import contract
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/webhook_endpoints"


def create(work: Work, params: Params) -> Object:
    """POST /v1/webhook_endpoints; only this answer shows the secret."""
    version = params.get("api_version") or contract.VERSION
    if version != contract.VERSION:
        raise InvalidRequest(f"This sandbox renders events in {contract.VERSION} only.", param="api_version")
    secret = new_id("whsec", 32)
    endpoint = add(work, params.get("url"), params.get("enabled_events"), secret)
    endpoint.update(_changes(endpoint, params))
    return {**work.save(endpoint), "secret": secret}


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/webhook_endpoints/{webhook_endpoint}."""
    endpoint = work.get("webhook_endpoint", id)
    endpoint.update(_changes(endpoint, params))
    if "disabled" in params:
        endpoint["status"] = "disabled" if params.get("disabled") else "enabled"
    return work.save(endpoint)


def delete(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/webhook_endpoints/{webhook_endpoint}; what is still to be delivered to it is given up."""
    work.delete(work.get("webhook_endpoint", id))
    work.connection.execute("UPDATE deliveries SET due = NULL WHERE endpoint = ?", (id,))
    return {"id": id, "object": "webhook_endpoint", "deleted": True}


def add(work: Work, url: str, enabled_events: list[str], secret: str) -> Object:
    """A new endpoint that signs with this secret."""
    endpoint: Object = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": contract.VERSION,
        "application": None,
        "created": work.now,
        "description": None,
        "enabled_events": enabled_events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": _checked(url),
    }
    return work.add(endpoint, secrets=[secret])


def ensure(work: Work, url: str, secret: str) -> None:
    """Exactly one endpoint for this address, with every event and this secret."""
    endpoint = next(iter(work.select("webhook_endpoint", {"url": url})), None) or add(work, url, ["*"], secret)
    endpoint.update(enabled_events=["*"], status="enabled")
    work.save(endpoint)
    work.keep_secret(endpoint["id"], secrets=[secret])


def _changes(endpoint: Object, params: Params) -> dict[str, Any]:
    changes = params.given("description", "enabled_events", "url")
    if "url" in changes:
        _checked(params.filled("url"))
    if "metadata" in params:
        changes["metadata"] = merge(endpoint["metadata"], params.get("metadata"))
    return changes


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise InvalidRequest("Invalid URL: An explicit scheme (such as https) must be provided.", param="url")
    return url


KIND = Kind("webhook_endpoint")

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, listing("webhook_endpoint", URL)),
    Endpoint("GET", URL + "/{webhook_endpoint}", retrieve("webhook_endpoint")),
    Endpoint("POST", URL + "/{webhook_endpoint}", update),
    Endpoint("DELETE", URL + "/{webhook_endpoint}", delete),
]
