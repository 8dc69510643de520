"""Opening a Checkout Session."""

from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.resources import accounts, payment_method_configurations, setup_intents
from sandbox.resources.methods_offered import offered
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

SHORTEST, LONGEST = 30 * 60, 24 * 3600
"""Seconds that a session may stay open."""
TEXT_LENGTH, REFERENCE_LENGTH = 1200, 200
TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def create(work: Work, params: Params) -> Object:
    """POST /v1/checkout/sessions."""
    _check_mode(params)
    types = offered(payment_method_configurations.available(work), params)
    customer = _customer(work, params)
    session = {**_new(work, types), **_settings(work, params)}
    session["customer_details"] = _customer_details(customer, session["customer_email"])
    session["customer"] = customer["id"] if customer else None
    session["setup_intent"] = _setup_intent(work, session, params)["id"]
    return work.add(session, **params.nested("payment_method_data").given("allow_redisplay"))


def _check_mode(params: Params) -> None:
    if "mode" not in params:
        raise InvalidRequest("Missing required param: mode.", code="parameter_missing", param="mode")
    if params.get("mode") != "setup":
        raise InvalidRequest("This sandbox plays mode=setup only.", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise InvalidRequest("This sandbox plays ui_mode=hosted_page only.", param="ui_mode")
    if "success_url" not in params:
        raise InvalidRequest("Missing required param: success_url.", code="parameter_missing", param="success_url")
    if "currency" not in params and "allowed_payment_method_types" not in params:
        raise InvalidRequest(
            "Missing required param: currency. It is required in `setup` mode unless "
            "`allowed_payment_method_types` is given.",
            code="parameter_missing",
            param="currency",
        )


def _settings(work: Work, params: Params) -> Object:
    """What the session shows of its parameters."""
    return {
        **_checked(params.given("cancel_url", "client_reference_id", "customer_email", "success_url")),
        **params.given("allowed_payment_method_types", "excluded_payment_method_types", "integration_identifier"),
        **params.given("locale", "origin_context", "customer_creation"),
        "consent_collection": _consent_collection(params),
        "currency": (params.get("currency") or "").lower() or None,
        "custom_text": _custom_text(params),
        "expires_at": _expiry(work.now, params),
        "metadata": merge({}, params.get("metadata", {})),
    }


def _checked(given: dict[str, str]) -> dict[str, str]:
    for name in ("cancel_url", "success_url"):
        if name in given and not given[name].startswith(("http://", "https://")):
            raise InvalidRequest("Not a valid URL", code="url_invalid", param=name)
    if len(given.get("client_reference_id", "")) > REFERENCE_LENGTH:
        raise InvalidRequest(
            f"`client_reference_id` must be at most {REFERENCE_LENGTH} characters.", param="client_reference_id"
        )
    if "@" not in given.get("customer_email", "@"):
        raise InvalidRequest(
            f"Invalid email address: {given['customer_email']}", code="email_invalid", param="customer_email"
        )
    return given


def _expiry(now: int, params: Params) -> int:
    expires_at = int(params.get("expires_at", now + LONGEST))
    if expires_at < now + SHORTEST:
        raise InvalidRequest(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if expires_at > now + LONGEST:
        raise InvalidRequest(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return expires_at


def _consent_collection(params: Params) -> dict[str, Any] | None:
    if "consent_collection" not in params:
        return None
    empty = dict.fromkeys(("payment_method_reuse_agreement", "promotions", "terms_of_service"))
    given: dict[str, Any] = params.get("consent_collection")
    return {**empty, **given}


def _custom_text(params: Params) -> dict[str, Any]:
    given: dict[str, Any] = params.get("custom_text") or {}
    for name, text in given.items():
        if text and len(text["message"]) > TEXT_LENGTH:
            raise InvalidRequest(
                f"The text must be at most {TEXT_LENGTH} characters.", param=f"custom_text[{name}][message]"
            )
    return {**dict.fromkeys(TEXTS), **given}


def _customer(work: Work, params: Params) -> Object | None:
    if "customer" not in params:
        return None
    for other in ("customer_email", "customer_creation"):
        if other in params:
            raise InvalidRequest(f"You may only specify one of these parameters: customer, {other}.", param=other)
    params.get("customer_update")  # what the page collects; it collects nothing that would change the customer
    return work.get("customer", params.get("customer"), "customer")


def _customer_details(customer: Object | None, email: str | None) -> dict[str, Any] | None:
    if customer is None and email is None:
        return None
    empty = dict.fromkeys(("address", "business_name", "individual_name", "name", "phone", "tax_ids"))
    return {**empty, "email": customer["email"] if customer else email, "tax_exempt": "none"}


def _setup_intent(work: Work, session: Object, params: Params) -> Object:
    data = params.nested("setup_intent_data")
    return setup_intents.add(
        work,
        session["payment_method_types"],
        allowed_payment_method_types=session["allowed_payment_method_types"],
        customer=session["customer"],
        description=data.get("description"),
        metadata=merge({}, data.get("metadata", {})),
    )


def _new(work: Work, types: list[str]) -> Object:
    id = new_id("cs_test", 58)
    absent = dict.fromkeys(ABSENT)
    return {
        "id": id,
        "object": "checkout.session",
        **absent,
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": work.now,
        "custom_fields": [],
        "livemode": False,
        "mode": "setup",
        "payment_method_collection": "always",
        "payment_method_configuration_details": {
            "id": accounts.current(work)["id"].replace("acct", "pmc"),
            "parent": None,
        },
        "payment_method_options": {type: {"request_three_d_secure": "automatic"} for type in types if type == "card"},
        "payment_method_types": types,
        "payment_status": "no_payment_required",
        "shipping_options": [],
        "status": "open",
        "ui_mode": "hosted_page",
        "url": work.sandbox.url(f"/c/pay/{id}"),
        "wallet_options": None,
    }


ABSENT = (
    "after_expiration",
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "amount_subtotal",
    "amount_total",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "client_secret",
    "collected_information",
    "consent",
    "currency_conversion",
    "customer_account",
    "customer_creation",
    "customer_email",
    "excluded_payment_method_types",
    "integration_identifier",
    "invoice",
    "invoice_creation",
    "locale",
    "origin_context",
    "payment_intent",
    "payment_link",
    "permissions",
    "phone_number_collection",
    "recovered_from",
    "saved_payment_method_options",
    "shipping_address_collection",
    "shipping_cost",
    "submit_type",
    "subscription",
    "total_details",
)
"""Fields that are null until something fills them, in setup mode mostly never."""
