"""Mandates: the permission behind a saved Amazon Pay account."""

from sandbox import events
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.work import Object, Work


def add(work: Work, method: Object, ip_address: str | None, user_agent: str | None) -> Object:
    """The permission that a customer just gave on Amazon's page."""
    mandate = {
        "id": new_id("mandate"),
        "object": "mandate",
        "customer_acceptance": {
            "accepted_at": work.now,
            "online": {"ip_address": ip_address, "user_agent": user_agent},
            "type": "online",
        },
        "livemode": False,
        "multi_use": {},
        "payment_method": method["id"],
        "payment_method_details": {method["type"]: {}, "type": method["type"]},
        "status": "active",
        "type": "multi_use",
    }
    return work.add(mandate)


def revoke(work: Work, method_id: str) -> None:
    """Withdraw every permission to charge a method."""
    for mandate in work.select("mandate", {"payment_method": method_id, "status": "active"}):
        events.change(work, "mandate.updated", mandate, status="inactive")


def stands(work: Work, method: Object) -> bool:
    """Whether nobody withdrew the permission to charge a method; one that never had a mandate needs none."""
    given = work.select("mandate", {"payment_method": method["id"]})
    return not given or any(mandate["status"] == "active" for mandate in given)


KIND = Kind("mandate", expands={"payment_method": "payment_method"})

ENDPOINTS = [Endpoint("GET", "/v1/mandates/{mandate}", retrieve("mandate"))]
