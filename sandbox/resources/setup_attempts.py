"""Attempts to confirm a SetupIntent."""

from typing import Any

from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, listing
from sandbox.work import Object, Work

URL = "/v1/setup_attempts"


def add(work: Work, intent: Object, method: Object, status: str, error: dict[str, Any] | None = None) -> Object:
    """A new attempt."""
    return work.add(
        {
            "id": new_id("setatt"),
            "object": "setup_attempt",
            "application": None,
            "created": work.now,
            "customer": intent["customer"],
            "customer_account": None,
            "flow_directions": None,
            "livemode": False,
            "on_behalf_of": None,
            "payment_method": method["id"],
            "payment_method_details": {method["type"]: _details(method), "type": method["type"]},
            "setup_error": error,
            "setup_intent": intent["id"],
            "status": status,
            "usage": intent["usage"],
        }
    )


def conclude(work: Work, intent: Object, method: Object, status: str, error: dict[str, Any] | None = None) -> Object:
    """The end of the attempt that waits for the customer, or of one that never had to."""
    waiting = intent["status"] == "requires_action" and work.find("setup_attempt", intent["latest_attempt"])
    if not waiting or waiting["payment_method"] != method["id"]:
        return add(work, intent, method, status, error)
    waiting.update(status=status, setup_error=error)
    return work.save(waiting)


def _details(method: Object) -> dict[str, Any]:
    card = method.get("card")
    if card is None:
        return {}
    shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    return {**{name: card[name] for name in shown}, "network": card["brand"], "three_d_secure": None}


KIND = Kind(
    "setup_attempt",
    expands={"customer": "customer", "payment_method": "payment_method", "setup_intent": "setup_intent"},
)

ENDPOINTS = [Endpoint("GET", URL, listing("setup_attempt", URL, ["setup_intent"]))]
