"""Invoice items: amounts that wait for a customer's next invoice."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/invoiceitems"


def create(work: Work, params: Params) -> Object:
    """POST /v1/invoiceitems, for the customer's next invoice or that of one subscription."""
    customer = work.get("customer", params.filled("customer"), "customer")
    if params.get("amount", 0) <= 0:
        raise InvalidRequest("This sandbox adds amounts above zero only.", param="amount")
    subscription = params.get("subscription")
    if subscription:
        work.get("subscription", subscription, "subscription")
    item = work.add(_new(work, customer, params))
    if subscription:
        item["parent"] = {
            "subscription_details": {"subscription": subscription},
            "type": "subscription_details",
        }
        work.save(item)
    events.emit(work, "invoiceitem.created", item)
    return item


def delete(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/invoiceitems/{invoiceitem}, while it is on no invoice."""
    item = work.get("invoiceitem", id)
    if item["invoice"]:
        raise InvalidRequest("This invoice item is on an invoice already, so it cannot be deleted.")
    work.delete(item)
    events.emit(work, "invoiceitem.deleted", item)
    return {"id": id, "object": "invoiceitem", "deleted": True}


def list_items(work: Work, params: Params) -> Object:
    """GET /v1/invoiceitems."""
    where = params.given("customer", "invoice")
    sql = ""
    if "pending" in params:
        sql = f"AND json_extract(body, '$.invoice') IS {'' if params.get('pending') else 'NOT'} NULL"
    return page(work, "invoiceitem", params, URL, where, sql)


def waiting(work: Work, subscription: Object) -> list[Object]:
    """What belongs on the subscription's next invoice, oldest first."""
    where = {"customer": subscription["customer"], "currency": subscription["currency"]}
    found = work.select("invoiceitem", where, "AND json_extract(body, '$.invoice') IS NULL")
    return [item for item in reversed(found) if _subscription_of(item) in (None, subscription["id"])]


def put_on(work: Work, items: list[Object], invoice: Object) -> None:
    """They wait no more."""
    for item in items:
        item["invoice"] = invoice["id"]
        work.save(item)


def line(item: Object) -> Object:
    """An item as a line of an invoice."""
    same = ("amount", "currency", "description", "discountable", "discounts", "livemode", "metadata", "period")
    return {
        **{name: item[name] for name in same},
        "id": new_id("il"),
        "object": "line_item",
        "discount_amounts": [],
        "invoice": None,
        "parent": {
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": _subscription_of(item),
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": item["quantity"],
        "quantity_decimal": item["quantity_decimal"],
        "subscription": _subscription_of(item),
        "subtotal": item["amount"],
        "taxes": [],
    }


def _subscription_of(item: Object) -> str | None:
    parent: dict[str, Any] | None = item["parent"]
    return str(parent["subscription_details"]["subscription"]) if parent else None


def _new(work: Work, customer: Object, params: Params) -> Object:
    return {
        "id": new_id("ii"),
        "object": "invoiceitem",
        "amount": params.get("amount"),
        "currency": params.get("currency", work.sandbox.settings.currency).lower(),
        "customer": customer["id"],
        "customer_account": None,
        "date": work.now,
        "description": params.get("description"),
        "discountable": params.get("discountable", True),
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": merge({}, params.get("metadata", {})),
        "net_amount": params.get("amount"),
        "parent": None,
        "period": params.get("period", {"end": work.now, "start": work.now}),
        "pricing": None,
        "proration": False,
        "proration_details": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": None,
    }


KIND = Kind("invoiceitem", expands={"customer": "customer", "invoice": "invoice"})

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, list_items),
    Endpoint("GET", URL + "/{invoiceitem}", retrieve("invoiceitem")),
    Endpoint("DELETE", URL + "/{invoiceitem}", delete),
]
