"""SetupIntents: saving a payment method for later, step by step. Here Checkout owns them all."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id, new_token
from sandbox.kinds import Kind
from sandbox.resources import payment_methods, setup_attempts
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/setup_intents"


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/setup_intents/{intent}: its description and metadata."""
    intent = work.get("setup_intent", id)
    changes = params.given("description")
    if "metadata" in params:
        changes["metadata"] = merge(intent["metadata"], params.get("metadata"))
    intent.update(changes)
    return work.save(intent)


def refuse(work: Work, id: str, _params: Params) -> Object:
    """POST .../confirm and .../cancel: Checkout does that itself."""
    intent = work.get("setup_intent", id)
    raise InvalidRequest(
        f"The SetupIntent {intent['id']} belongs to a Checkout Session: the customer confirms it there. To "
        "cancel it, expire the session.",
        code="setup_intent_unexpected_state",
        setup_intent=intent,
    )


def add(work: Work, types: list[str], **fields: Any) -> Object:
    """A SetupIntent that waits for a payment method of one of these types."""
    intent = work.add({**_new(work, types), **fields})
    events.emit(work, "setup_intent.created", intent)
    return intent


def ask_customer(work: Work, intent: Object, method: Object, url: str, return_url: str) -> None:
    """Send the customer to a page of somebody else's, who must agree."""
    intent.update(
        last_setup_error=None,
        latest_attempt=setup_attempts.add(work, intent, method, "requires_action")["id"],
        next_action={"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"},
        payment_method=method["id"],
        status="requires_action",
    )
    events.emit(work, "setup_intent.requires_action", work.save(intent))


def succeed(work: Work, intent: Object, method: Object, mandate: Object | None = None) -> None:
    """The method is saved, and attached if there is a customer."""
    if intent["customer"]:
        payment_methods.attach_to(work, method, intent["customer"])
    intent.update(
        last_setup_error=None,
        latest_attempt=setup_attempts.conclude(work, intent, method, "succeeded")["id"],
        mandate=mandate["id"] if mandate else None,
        next_action=None,
        payment_method=method["id"],
        status="succeeded",
    )
    work.keep_secret(method["id"], set_up=True)
    events.emit(work, "setup_intent.succeeded", work.save(intent))


def fail(work: Work, intent: Object, method: Object, error: dict[str, Any]) -> None:
    """Back to the start, with what went wrong."""
    told = {**error, "payment_method": method}
    intent.update(
        last_setup_error=told,
        latest_attempt=setup_attempts.conclude(work, intent, method, "failed", told)["id"],
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    events.emit(work, "setup_intent.setup_failed", work.save(intent))


def cancel(work: Work, intent: Object, reason: str) -> None:
    """Give it up, unless it is over already."""
    if intent["status"] in ("succeeded", "canceled"):
        return
    intent.update(cancellation_reason=reason, next_action=None, status="canceled")
    events.emit(work, "setup_intent.canceled", work.save(intent))


def _new(work: Work, types: list[str]) -> Object:
    id = new_id("seti")
    return {
        "id": id,
        "object": "setup_intent",
        "allowed_payment_method_types": None,
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{id}_secret_{new_token(25)}",
        "created": work.now,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            type: {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
            if type == "card"
            else {}
            for type in types
        },
        "payment_method_types": types,
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
    }


KIND = Kind(
    "setup_intent",
    expands={
        "customer": "customer",
        "latest_attempt": "setup_attempt",
        "mandate": "mandate",
        "payment_method": "payment_method",
        "single_use_mandate": "mandate",
    },
)

ENDPOINTS = [
    Endpoint("GET", URL, listing("setup_intent", URL, ["customer", "payment_method"])),
    Endpoint("GET", URL + "/{intent}", retrieve("setup_intent")),
    Endpoint("POST", URL + "/{intent}", update),
    Endpoint("POST", URL + "/{intent}/confirm", refuse),
    Endpoint("POST", URL + "/{intent}/cancel", refuse),
]
