"""Early fraud warnings: a card's bank believes that a payment was not its customer's."""

from sandbox import events
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.work import Object, Work

URL = "/v1/radar/early_fraud_warnings"
KIND_NAME = "radar.early_fraud_warning"


def add(work: Work, charge: Object) -> Object:
    """Warn of a payment. It can still be refunded, which would spare a dispute (`actionable`)."""
    warning = work.add(
        {
            "id": new_id("issfr"),
            "object": KIND_NAME,
            "actionable": True,
            "charge": charge["id"],
            "created": work.now,
            "fraud_type": "unauthorized_use_of_card",
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        }
    )
    events.emit(work, "radar.early_fraud_warning.created", warning)
    return warning


def settle(work: Work, charge: Object) -> None:
    """Nothing is left to be done about a payment that was given back or disputed."""
    for warning in work.select(KIND_NAME, {"charge": charge["id"]}):
        events.change(work, "radar.early_fraud_warning.updated", warning, actionable=False)


KIND = Kind(KIND_NAME, expands={"charge": "charge", "payment_intent": "payment_intent"})

ENDPOINTS = [
    Endpoint("GET", URL, listing(KIND_NAME, URL, ["charge", "payment_intent"])),
    Endpoint("GET", URL + "/{early_fraud_warning}", retrieve(KIND_NAME)),
]
