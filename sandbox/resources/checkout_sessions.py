"""Checkout Sessions that save a payment method (mode=setup)."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import accounts, customers, setup_intents
from sandbox.resources.methods_offered import offered
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/checkout/sessions"
SHORTEST, LONGEST = 30 * 60, 24 * 3600
"""Seconds that a session may stay open."""
TEXT_LENGTH, REFERENCE_LENGTH = 1200, 200
TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def create(work: Work, params: Params) -> Object:
    """POST /v1/checkout/sessions."""
    _check_mode(params)
    types = offered(work.sandbox.methods, params)
    session = {**_new(work, types), **_settings(work, params)}
    customer = _customer(work, params)
    session["customer_details"] = _customer_details(customer, session["customer_email"])
    session["customer"] = customer["id"] if customer else None
    session["setup_intent"] = _setup_intent(work, session, params)["id"]
    return work.add(session, **params.nested("payment_method_data").given("allow_redisplay"))


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/checkout/sessions/{session}: its metadata."""
    session = work.get("checkout.session", id)
    if "metadata" in params:
        session["metadata"] = merge(session["metadata"], params.get("metadata"))
    return work.save(session)


def expire(work: Work, id: str, _params: Params) -> Object:
    """POST /v1/checkout/sessions/{session}/expire."""
    session = work.get("checkout.session", id)
    if session["status"] != "open":
        raise InvalidRequest(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status '
            f"of `{session['status']}`."
        )
    return close(work, session)


def close(work: Work, session: Object) -> Object:
    """End an open session; its SetupIntent goes with it."""
    session.update(status="expired", url=None)
    events.emit(work, "checkout.session.expired", work.save(session))
    setup_intents.cancel(work, work.get("setup_intent", session["setup_intent"]), "abandoned")
    return session


def close_overdue(work: Work) -> None:
    """End the open sessions whose time is over."""
    for session in work.select(
        "checkout.session", {"status": "open"}, "AND json_extract(body, '$.expires_at') <= ?", (work.now,)
    ):
        close(work, session)


def complete(work: Work, session: Object) -> str:
    """Record that the customer is done; the address to send the browser to."""
    agreed = session["consent_collection"] or {}
    if agreed.get("terms_of_service") == "required":
        session["consent"] = {"promotions": None, "terms_of_service": "accepted"}
    session.update(status="complete", url=None)
    events.emit(work, "checkout.session.completed", work.save(session))
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def give_customer(work: Work, session: Object, intent: Object) -> None:
    """Make the customer that `customer_creation=always` asks for, if there is none yet."""
    if session["customer"] is None and session["customer_creation"] == "always":
        customer = customers.create(work, Params({"email": session["customer_email"]}))
        session["customer"] = intent["customer"] = customer["id"]
        work.save(session)
        work.save(intent)


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

KIND = Kind(
    "checkout.session",
    expands={"customer": "customer", "setup_intent": "setup_intent"},
)

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, listing("checkout.session", URL, ["customer", "payment_intent", "status", "subscription"])),
    Endpoint("GET", URL + "/{session}", retrieve("checkout.session")),
    Endpoint("POST", URL + "/{session}", update),
    Endpoint("POST", URL + "/{session}/expire", expire),
]
