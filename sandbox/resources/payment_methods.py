"""Payment methods: cards and Amazon Pay accounts, attached to customers."""

import hashlib
from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest, PaymentDeclined, ResourceMissing
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import mandates
from sandbox.resources.shapes import billing_details
from sandbox.test_cards import BY_NUMBER, TOKENS, TestCard
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/payment_methods"
OWN_URL = "/v1/customers/{customer}/payment_methods"


def attach(work: Work, id: str, params: Params) -> Object:
    """POST /v1/payment_methods/{payment_method}/attach; Stripe's own test ids work as well."""
    customer = work.get("customer", params.get("customer"), "customer")
    method = use(work, id)
    if method["customer"] and method["customer"] != customer["id"]:
        raise InvalidRequest("The payment method you provided has already been attached to a customer.")
    if work.secret(method["id"]).get("detached"):
        raise InvalidRequest(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from "
            "a Customer, and may not be used again."
        )
    if (card := card_of(work, method)) and (decline := card.setup_decline):
        raise PaymentDeclined(
            decline.message, code=decline.code, decline_code=decline.decline_code, advice_code=decline.advice_code
        )
    return attach_to(work, method, customer["id"])


def detach(work: Work, id: str, _params: Params) -> Object:
    """POST /v1/payment_methods/{payment_method}/detach, for good."""
    method = work.get("payment_method", id)
    if method["customer"] is None:
        raise InvalidRequest(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    forget_default(work, method)
    events.change(work, "payment_method.detached", method, customer=None)
    work.keep_secret(id, detached=True)
    mandates.revoke(work, id)
    return method


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/payment_methods/{payment_method}."""
    method = work.get("payment_method", id)
    changes = params.given("allow_redisplay")
    if "metadata" in params:
        changes["metadata"] = merge(method["metadata"], params.get("metadata"))
    if "billing_details" in params:
        changes["billing_details"] = billing_details({**method["billing_details"], **params.get("billing_details")})
    if "card" in params:
        changes["card"] = {**method["card"], **params.nested("card").given("exp_month", "exp_year")}
    return events.change(work, "payment_method.updated", method, **changes)


def list_of_customer(work: Work, customer: str, params: Params) -> Object:
    """GET /v1/customers/{customer}/payment_methods."""
    work.get("customer", customer, "customer")
    where = {"customer": customer, **params.given("type", "allow_redisplay")}
    return page(work, "payment_method", params, OWN_URL.format(customer=customer), where)


def retrieve_of_customer(work: Work, customer: str, id: str, _params: Params) -> Object:
    """GET /v1/customers/{customer}/payment_methods/{payment_method}."""
    method = work.get("payment_method", id)
    if method["customer"] != customer:
        raise ResourceMissing("PaymentMethod", id)
    return method


def use(work: Work, id: str, param: str = "payment_method") -> Object:
    """The payment method of that id; one of Stripe's test ids makes a new one."""
    if id in TOKENS:
        return add_card(work, BY_NUMBER[TOKENS[id]], 12, 2034)
    return work.get("payment_method", id, param)


def attach_to(work: Work, method: Object, customer_id: str) -> Object:
    """Tie a method to a customer."""
    method["customer"] = customer_id
    events.emit(work, "payment_method.attached", work.save(method))
    return method


def add_card(work: Work, card: TestCard, exp_month: int, exp_year: int, **fields: Any) -> Object:
    """A new card, attached to nobody."""
    method = _new(work, "card", {"card": _card(card, exp_month, exp_year), **fields})
    return work.add(method, number=card.number)


def add_amazon_pay(work: Work, **fields: Any) -> Object:
    """A new Amazon Pay account; Stripe shows nothing of it."""
    return work.add(_new(work, "amazon_pay", {"amazon_pay": {}, **fields}))


def card_of(work: Work, method: Object) -> TestCard | None:
    """The test card behind a method, None for Amazon Pay."""
    number = work.secret(method["id"]).get("number")
    return BY_NUMBER[number] if number else None


def forget_default(work: Work, method: Object) -> None:
    """Stop being anybody's default."""
    customer = work.get("customer", method["customer"])
    settings = customer["invoice_settings"]
    if settings["default_payment_method"] == method["id"]:
        events.change(work, "customer.updated", customer, invoice_settings={**settings, "default_payment_method": None})
    for subscription in work.select("subscription", {"default_payment_method": method["id"]}):
        events.change(work, "customer.subscription.updated", subscription, default_payment_method=None)


def _new(work: Work, type: str, fields: dict[str, Any]) -> Object:
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(),
        "created": work.now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": type,
        **fields,
    }


def _card(card: TestCard, exp_month: int, exp_year: int) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
        "funding": "credit",
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


KIND = Kind("payment_method", expands={"customer": "customer"})

ENDPOINTS = [
    Endpoint("GET", URL, listing("payment_method", URL, ["customer", "type", "allow_redisplay"])),
    Endpoint("GET", URL + "/{payment_method}", retrieve("payment_method")),
    Endpoint("POST", URL + "/{payment_method}", update),
    Endpoint("POST", URL + "/{payment_method}/attach", attach),
    Endpoint("POST", URL + "/{payment_method}/detach", detach),
    Endpoint("GET", OWN_URL, list_of_customer),
    Endpoint("GET", OWN_URL + "/{payment_method}", retrieve_of_customer),
]
