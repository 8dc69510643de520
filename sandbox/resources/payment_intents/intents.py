"""A PaymentIntent as an object: made, and canceled."""

from typing import Any

from sandbox import events, money
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id, new_token
from sandbox.resources import charges
from sandbox.work import Object, Work

LARGEST = 99_999_999
CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


def add(work: Work, amount: int, currency: str, types: list[str], **fields: Any) -> Object:
    """A PaymentIntent that waits for a method of one of these types, or for confirmation if it has one."""
    intent = work.add({**_new(work, amount, currency, types), **fields})
    if intent["payment_method"]:
        intent["status"] = "requires_confirmation"
        work.save(intent)
    events.emit(work, "payment_intent.created", intent)
    return intent


def cancel(work: Work, intent: Object, reason: str | None) -> Object:
    """Give it up. InvalidRequest if it is over already."""
    if intent["status"] not in CANCELABLE:
        raise unexpected_state(
            intent, f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        )
    if intent["status"] == "requires_capture":
        charges.release(work, work.get("charge", intent["latest_charge"]))
    intent.update(
        amount_capturable=0,
        canceled_at=work.now,
        cancellation_reason=reason,
        next_action=None,
        status="canceled",
    )
    events.emit(work, "payment_intent.canceled", work.save(intent))
    return intent


def unexpected_state(intent: Object, message: str) -> InvalidRequest:
    """The refusal of something that the intent's status does not allow."""
    return InvalidRequest(message, code="payment_intent_unexpected_state", payment_intent=intent)


def check_amount(amount: int, currency: str) -> None:
    """InvalidRequest for an amount that Stripe does not charge."""
    smallest = money.smallest(currency)
    if amount < 1:
        raise InvalidRequest("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount < smallest:
        message = f"Amount must be at least {smallest} in the smallest unit of {currency}."
        raise InvalidRequest(message, code="amount_too_small", param="amount")
    if amount > LARGEST:
        message = f"Amount must be no more than {LARGEST} in the smallest unit of {currency}."
        raise InvalidRequest(message, code="amount_too_large", param="amount")


def _new(work: Work, amount: int, currency: str, types: list[str]) -> Object:
    id = new_id("pi")
    return {
        **dict.fromkeys(ABSENT),
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{new_token(25)}",
        "confirmation_method": "automatic",
        "created": work.now,
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {type: OPTIONS[type] for type in types},
        "payment_method_types": types,
        "status": "requires_payment_method",
    }


OPTIONS: dict[str, dict[str, Any]] = {
    "card": {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    },
    "amazon_pay": {},
}
ABSENT = (
    "allowed_payment_method_types",
    "application",
    "application_fee_amount",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "customer",
    "customer_account",
    "description",
    "excluded_payment_method_types",
    "last_payment_error",
    "latest_charge",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "payment_method_configuration_details",
    "processing",
    "receipt_email",
    "review",
    "setup_future_usage",
    "shipping",
    "source",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
)
