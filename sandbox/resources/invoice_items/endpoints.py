"""Invoice items over the API."""

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.kinds import Kind
from sandbox.resources.invoice_items import items
from sandbox.resources.invoices import drafts
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/invoiceitems"
ITEM = URL + "/{invoiceitem}"


def create(work: Work, params: Params) -> Object:
    """POST /v1/invoiceitems, for a draft, or for the next invoice of the customer or of one subscription."""
    if not params.get("customer"):
        raise InvalidRequest(
            "Missing required param: customer. Say whom the item is to be billed to.",
            code="parameter_missing",
            param="customer",
        )
    customer = work.get("customer", params.get("customer"), "customer")
    invoice = _draft(work, params, customer)
    subscription = params.get("subscription")
    if subscription and work.get("subscription", subscription, "subscription")["customer"] != customer["id"]:
        raise InvalidRequest("The subscription belongs to another customer.", param="subscription")
    item = items.blank(work, customer["id"], _currency(work, params, customer, invoice))
    item["parent"] = items.parent_of(subscription)
    work.add(items.describe(work, item, params))
    if invoice:
        drafts.put(work, invoice, item)
    events.emit(work, "invoiceitem.created", item)
    return item


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/invoiceitems/{invoiceitem}, until its invoice is finalized."""
    item = _open_item(work, id)
    if item["proration"] and any(name in params for name in ("amount", "discounts", "price_data", "pricing")):
        raise InvalidRequest("A proration cannot be priced by hand. Delete it and add an item of your own.", param="id")
    work.save(items.describe(work, item, params))
    if item["invoice"]:
        drafts.put(work, work.get("invoice", item["invoice"]), item)
    return item


def delete(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/invoiceitems/{invoiceitem}, until its invoice is finalized."""
    item = _open_item(work, id)
    if item["invoice"]:
        drafts.take_off(work, work.get("invoice", item["invoice"]), item)
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


def _open_item(work: Work, id: str) -> Object:
    item = work.get("invoiceitem", id)
    if item["invoice"] and work.get("invoice", item["invoice"])["status"] != "draft":
        raise InvalidRequest("This invoice item is on an invoice already that is no draft any more: it stays as it is.")
    return item


def _draft(work: Work, params: Params, customer: Object) -> Object | None:
    if "invoice" not in params:
        return None
    invoice = work.get("invoice", params.get("invoice"), "invoice")
    if invoice["status"] != "draft" or invoice["customer"] != customer["id"]:
        raise InvalidRequest("Items can be added to a draft of the same customer only.", param="invoice")
    return invoice


def _currency(work: Work, params: Params, customer: Object, invoice: Object | None) -> str:
    """What is sent, else that of the invoice, of the price, or of the customer."""
    price = params.nested("pricing").get("price")
    known = invoice["currency"] if invoice else work.get("price", price)["currency"] if price else None
    inline = (params.get("price_data") or {}).get("currency") if "price_data" in params else None
    currency = params.get("currency") or known or inline or customer["currency"] or work.sandbox.settings.currency
    if invoice and currency.lower() != invoice["currency"]:
        raise InvalidRequest(f"The invoice is in {invoice['currency']}.", param="currency")
    return str(currency.lower())


KIND = Kind("invoiceitem", expands={"customer": "customer", "discounts": "discount", "invoice": "invoice"})

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, list_items),
    Endpoint("GET", ITEM, retrieve("invoiceitem")),
    Endpoint("POST", ITEM, update),
    Endpoint("DELETE", ITEM, delete),
]
