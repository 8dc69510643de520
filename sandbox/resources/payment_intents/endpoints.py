"""Making, confirming and canceling PaymentIntents over the API."""

from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.kinds import Kind
from sandbox.resources import payment_method_configurations, payment_methods
from sandbox.resources.invoices import collecting
from sandbox.resources.methods_offered import offered
from sandbox.resources.payment_intents import charging, confirming, intents
from sandbox.resources.shapes import billing_details, shipping
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.wire.searching import search
from sandbox.work import Object, Work

URL = "/v1/payment_intents"
EDITABLE = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix")


def create(work: Work, params: Params) -> Object:
    """POST /v1/payment_intents, confirmed at once with `confirm`."""
    currency = params.get("currency").lower()
    intents.check_amount(params.get("amount"), currency)
    customer = params.get("customer")
    if customer:
        work.get("customer", customer, "customer")
    method = _method(work, params)
    intent = intents.add(
        work,
        params.get("amount"),
        currency,
        offered(payment_method_configurations.available(work), params),
        customer=customer,
        payment_method=method["id"] if method else None,
        **_terms(params),
        **_edits({}, params),
    )
    if params.get("confirm", False):
        return _confirm(work, intent, params)
    if "off_session" in params:
        raise InvalidRequest("`off_session` may only be used with `confirm=true`.", param="off_session")
    return intent


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/payment_intents/{intent}, before it is over."""
    intent = work.get("payment_intent", id)
    changes = _edits(intent["metadata"], params)
    if "amount" in params:
        changes["amount"] = params.get("amount")
        intents.check_amount(changes["amount"], intent["currency"])
    if "payment_method" in params:
        method = payment_methods.use(work, params.filled("payment_method"))
        charging.check_usable(work, intent, method)
        changes.update(payment_method=method["id"], status="requires_confirmation")
    if intent["status"] not in confirming.CONFIRMABLE and set(changes) - {"metadata", "description"}:
        raise intents.unexpected_state(
            intent, f"This PaymentIntent's parameters cannot be changed: its status is {intent['status']}."
        )
    intent.update(changes)
    return work.save(intent)


def confirm(work: Work, id: str, params: Params) -> Object:
    """POST /v1/payment_intents/{intent}/confirm."""
    intent = work.get("payment_intent", id)
    if method := _method(work, params):
        intent["payment_method"] = method["id"]
    return _confirm(work, intent, params)


def cancel(work: Work, id: str, params: Params) -> Object:
    """POST /v1/payment_intents/{intent}/cancel; an invoice's own is canceled by voiding the invoice."""
    intent = work.get("payment_intent", id)
    if collecting.invoice_of(work, intent):
        raise intents.unexpected_state(
            intent, "You cannot cancel this PaymentIntent because it belongs to an invoice. Void the invoice instead."
        )
    return intents.cancel(work, intent, params.get("cancellation_reason"))


def capture(work: Work, id: str, params: Params) -> Object:
    """POST /v1/payment_intents/{intent}/capture: all that was authorized, or `amount_to_capture`."""
    intent = work.get("payment_intent", id)
    if intent["status"] != "requires_capture":
        raise intents.unexpected_state(
            intent,
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with the status requires_capture can be.",
        )
    amount = params.get("amount_to_capture", intent["amount_capturable"])
    if not 1 <= amount <= intent["amount_capturable"]:
        most = intent["amount_capturable"]
        raise InvalidRequest(f"`amount_to_capture` must be from 1 to {most}.", param="amount_to_capture")
    intent["metadata"] = merge(intent["metadata"], params.get("metadata", {}))
    return charging.capture(work, intent, amount)


def _confirm(work: Work, intent: Object, params: Params) -> Object:
    if intent["status"] not in confirming.CONFIRMABLE:
        raise intents.unexpected_state(
            intent,
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}.",
        )
    if intent["payment_method"] is None:
        raise intents.unexpected_state(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. Send `payment_method`.",
        )
    method = work.get("payment_method", intent["payment_method"])
    if intent["statement_descriptor"] and method["type"] == "card":
        raise InvalidRequest(
            "The `statement_descriptor` parameter is not supported for cards. Use `statement_descriptor_suffix`.",
            param="statement_descriptor",
        )
    if mandate := params.get("mandate"):
        work.get("mandate", mandate, "mandate")
    off_session = params.get("off_session", False) not in (False, "false")
    can_ask = not off_session and not params.get("error_on_requires_action", False)
    intent.update(params.given("setup_future_usage"))
    decline = confirming.confirm(work, intent, method, can_ask=can_ask, return_url=_return_url(params))
    if decline:
        raise charging.declined(intent, decline)
    return intent


def _method(work: Work, params: Params) -> Object | None:
    """The method that is named, or a new one of `payment_method_data`."""
    if "payment_method_data" not in params:
        return payment_methods.use(work, params.get("payment_method")) if "payment_method" in params else None
    data = params.nested("payment_method_data")
    if data.get("type") != "amazon_pay":
        raise InvalidRequest(
            "This sandbox takes a card over the API only as one of Stripe's test ids, such as pm_card_visa.",
            param="payment_method_data[type]",
        )
    data.get("amazon_pay")
    return payment_methods.add_amazon_pay(work, billing_details=billing_details(data.get("billing_details")))


def _return_url(params: Params) -> str | None:
    url: str | None = params.get("return_url")
    if url is not None and not url.startswith(("http://", "https://")):
        raise InvalidRequest("Not a valid URL", code="url_invalid", param="return_url")
    return url


def _terms(params: Params) -> dict[str, Any]:
    """What is settled when it is made."""
    filters = params.given(
        "allowed_payment_method_types", "excluded_payment_method_types", "capture_method", "setup_future_usage"
    )
    automatic = params.nested("automatic_payment_methods")
    dynamic = "allowed_payment_method_types" not in filters and automatic.get("enabled", True)
    redirects = automatic.get("allow_redirects", "always")
    shown = {"allow_redirects": redirects, "enabled": True} if dynamic else None
    return {**filters, "automatic_payment_methods": shown}


def _edits(metadata: dict[str, str], params: Params) -> dict[str, Any]:
    edits = params.given(*EDITABLE)
    if "shipping" in params:
        edits["shipping"] = shipping(params.get("shipping"))
    if "metadata" in params:
        edits["metadata"] = merge(metadata, params.get("metadata"))
    return edits


KIND = Kind(
    "payment_intent",
    expands={"customer": "customer", "latest_charge": "charge", "payment_method": "payment_method"},
)

SEARCHED = {name: name for name in ("amount", "created", "currency", "customer", "status")}

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, listing("payment_intent", URL, ["customer"])),
    Endpoint("GET", URL + "/search", search("payment_intent", URL + "/search", SEARCHED)),
    Endpoint("GET", URL + "/{intent}", retrieve("payment_intent")),
    Endpoint("POST", URL + "/{intent}", update),
    Endpoint("POST", URL + "/{intent}/confirm", confirm),
    Endpoint("POST", URL + "/{intent}/cancel", cancel),
    Endpoint("POST", URL + "/{intent}/capture", capture),
]
