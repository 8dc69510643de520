"""Customers."""

from typing import Any

from sandbox import events
from sandbox.engine.agenda import ENDED
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id, new_token
from sandbox.kinds import Kind
from sandbox.resources.shapes import address, shipping
from sandbox.resources.subscriptions import ending
from sandbox.resources.test_clocks import clocks as test_clocks
from sandbox.wire.endpoints import Endpoint, listing
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

PLAIN = (
    "business_name",
    "description",
    "email",
    "individual_name",
    "name",
    "phone",
    "preferred_locales",
    "tax_exempt",
)


def create(work: Work, params: Params) -> Object:
    """POST /v1/customers."""
    if "test_clock" in params:
        test_clocks.admit_customer(work, params.get("test_clock"))
    customer = work.add(_new(work))
    customer.update(_changes(work, customer, params))
    work.save(customer)
    events.emit(work, "customer.created", customer)
    return customer


def retrieve(work: Work, id: str, _params: Params) -> Object:
    """GET /v1/customers/{customer}; a deleted one answers as `deleted`."""
    return _stub(id) if work.deleted("customer", id) else work.get("customer", id)


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/customers/{customer}."""
    customer = work.get("customer", id)
    return events.change(work, "customer.updated", customer, **_changes(work, customer, params))


def delete(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/customers/{customer}; its subscriptions end, and its invoices are not collected any more."""
    customer = work.get("customer", id)
    for subscription in work.select("subscription", {"customer": id}):
        if subscription["status"] not in ENDED:
            ending.cancel(work, subscription, {"reason": "cancellation_requested"})
    for invoice in work.select("invoice", {"customer": id}):
        if invoice["status"] in ("draft", "open"):
            events.change(work, "invoice.updated", invoice, **ending.STOPPED)
    work.delete(customer)
    events.emit(work, "customer.deleted", customer)
    return _stub(id)


def _new(work: Work) -> Object:
    return {
        "id": new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": work.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": None,
        "invoice_prefix": new_token(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": work.clock,
    }


def _changes(work: Work, customer: Object, params: Params) -> dict[str, Any]:
    changes = params.given(*PLAIN, "balance", "invoice_prefix", "next_invoice_sequence")
    if (email := changes.get("email")) and "@" not in email:
        raise InvalidRequest(f"Invalid email address: {email}", code="email_invalid", param="email")
    if "address" in params:
        changes["address"] = address(params.get("address"))
    if "shipping" in params:
        changes["shipping"] = shipping(params.get("shipping"))
    if "metadata" in params:
        changes["metadata"] = merge(customer["metadata"], params.get("metadata"))
    if "invoice_settings" in params:
        changes["invoice_settings"] = _invoice_settings(work, customer, params.nested("invoice_settings"))
    return changes


def _invoice_settings(work: Work, customer: Object, params: Params) -> dict[str, Any]:
    given = params.given("custom_fields", "default_payment_method", "footer")
    if method := given.get("default_payment_method"):
        check_owner(work, method, customer["id"], "invoice_settings[default_payment_method]")
    return {**customer["invoice_settings"], **given}


def check_owner(work: Work, method_id: str, customer_id: str, param: str) -> Object:
    """The payment method. InvalidRequest unless it is attached to the customer."""
    method = work.get("payment_method", method_id, param)
    if method["customer"] != customer_id:
        raise InvalidRequest(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be "
            "attached to the customer.",
            code="resource_missing",
            param=param,
        )
    return method


def _stub(id: str) -> Object:
    return {"id": id, "object": "customer", "deleted": True}


KIND = Kind("customer", expands={"invoice_settings.default_payment_method": "payment_method"})

ENDPOINTS = [
    Endpoint("POST", "/v1/customers", create),
    Endpoint("GET", "/v1/customers", listing("customer", "/v1/customers", ["email", "test_clock"])),
    Endpoint("GET", "/v1/customers/{customer}", retrieve),
    Endpoint("POST", "/v1/customers/{customer}", update),
    Endpoint("DELETE", "/v1/customers/{customer}", delete),
]
