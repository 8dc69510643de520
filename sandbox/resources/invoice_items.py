"""Invoice items: amounts that wait for a customer's next invoice."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import discounts
from sandbox.resources.invoices import discounting, lines, pricing
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


def add_priced(work: Work, subscription: Object, params: Params, path: str) -> Object:
    """One of `add_invoice_items`, stored without an event; it waits for the subscription's next invoice."""
    item = blank(work, subscription["customer"], subscription["currency"])
    item.update(pricing.fields(work, params, subscription["currency"], path))
    item["parent"] = {"subscription_details": {"subscription": subscription["id"]}, "type": "subscription_details"}
    item["metadata"] = merge({}, params.get("metadata", {}))
    item["discountable"] = params.get("discountable", True)
    if "discounts" in params:
        of = {"customer": item["customer"], "invoice_item": item["id"]}
        item["discounts"] = discounts.wanted(work, params, f"{path}[discounts]", [], item["currency"], **of)
    return work.add(item)


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
    return [item for item in reversed(found) if subscription_of(item) in (None, subscription["id"])]


def put_on(work: Work, invoice: Object) -> None:
    """What is on its lines waits no more."""
    for line in invoice["lines"]["data"]:
        if id := item_of(line):
            item = work.get("invoiceitem", id)
            item["invoice"] = invoice["id"]
            work.save(item)


def item_of(line: Object) -> str | None:
    """The invoice item behind a line, if there is one."""
    parent = line["parent"]
    details = parent["invoice_item_details"] or parent["subscription_item_details"]
    id: str | None = details["invoice_item"]
    return id


def line(item: Object) -> Object:
    """An item as a line of an invoice."""
    same = ("amount", "currency", "description", "discountable", "discounts", "livemode", "metadata", "period")
    taken = (item["proration_details"] or {}).get("discount_amounts", [])
    return {
        **{name: item[name] for name in same},
        "id": new_id("il"),
        "object": "line_item",
        "discount_amounts": [dict(each) for each in taken],
        "invoice": None,
        "parent": _line_parent(item),
        "pretax_credit_amounts": [discounting.pretax(each["discount"], each["amount"]) for each in taken],
        "pricing": item["pricing"],
        "quantity": item["quantity"],
        "quantity_decimal": item["quantity_decimal"],
        "subscription": subscription_of(item),
        "subtotal": item["amount"],
        "taxes": [],
    }


def _line_parent(item: Object) -> Object:
    details = (item["parent"] or {}).get("subscription_details") or {}
    credited = ((item["proration_details"] or {}).get("credited_items") or {}).get("invoice_line_item_details")
    if item["proration"]:
        return lines.parent(details["subscription"], details["subscription_item"], item["id"], credited)
    return {
        "invoice_item_details": {
            "invoice_item": item["id"],
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": details.get("subscription"),
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


def subscription_of(item: Object) -> str | None:
    """The subscription that an item waits for, if it is for one."""
    parent: dict[str, Any] | None = item["parent"]
    return str(parent["subscription_details"]["subscription"]) if parent else None


def blank(work: Work, customer: str, currency: str) -> Object:
    """An item of one customer in a currency, of nothing yet."""
    return {
        "id": new_id("ii"),
        "object": "invoiceitem",
        "amount": 0,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "date": work.now,
        "description": None,
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "net_amount": None,
        "parent": None,
        "period": {"end": work.now, "start": work.now},
        "pricing": None,
        "proration": False,
        "proration_details": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": None,
    }


def _new(work: Work, customer: Object, params: Params) -> Object:
    currency = params.get("currency", work.sandbox.settings.currency).lower()
    return {
        **blank(work, customer["id"], currency),
        "amount": params.get("amount"),
        "description": params.get("description"),
        "discountable": params.get("discountable", True),
        "metadata": merge({}, params.get("metadata", {})),
        "net_amount": params.get("amount"),
        "period": params.get("period", {"end": work.now, "start": work.now}),
    }


KIND = Kind("invoiceitem", expands={"customer": "customer", "invoice": "invoice"})

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, list_items),
    Endpoint("GET", URL + "/{invoiceitem}", retrieve("invoiceitem")),
    Endpoint("DELETE", URL + "/{invoiceitem}", delete),
]
