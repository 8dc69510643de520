"""Invoices over the API while they are drafts: made by hand, and edited."""

from copy import deepcopy
from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.resources import customers, discounts
from sandbox.resources.invoice_items import items as invoice_items
from sandbox.resources.invoices import building, waiting
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work


def create(work: Work, params: Params) -> Object:
    """POST /v1/invoices: a draft of a customer's waiting items, or an empty one to put items on."""
    if not params.get("customer"):
        raise InvalidRequest(
            "Missing required param: customer. Say whom the invoice is for.", code="parameter_missing", param="customer"
        )
    customer = work.get("customer", params.get("customer"), "customer")
    subscription = _subscription(work, params, customer)
    currency = params.get("currency") or (subscription or customer)["currency"] or work.sandbox.settings.currency
    invoice = {**building.new(work, customer, currency.lower()), "auto_advance": False, "billing_reason": "manual"}
    if subscription:
        invoice.update(building.of(subscription))
    invoice.update(_settings(work, invoice, params))
    invoice.update(waiting.schedule(work, invoice, auto_advance=invoice["auto_advance"]))
    found = _waiting(work, invoice, subscription, params)
    if subscription and not found:
        raise InvalidRequest("Nothing to invoice for subscription", code="invoice_no_subscription_line_items")
    building.put_lines(work, invoice, [invoice_items.line(item) for item in found])
    return building.issue(work, invoice)


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/invoices/{invoice}; what moves its total, only while it is a draft."""
    invoice = work.get("invoice", id)
    before = deepcopy(invoice)
    if "discounts" in params and invoice["status"] != "draft":
        raise InvalidRequest("Finalized invoices can't be updated in this way", param="discounts")
    invoice.update(_settings(work, invoice, params))
    if "auto_advance" in params:
        invoice.update(waiting.schedule(work, invoice, auto_advance=invoice["auto_advance"]))
    if "discounts" in params:
        gone = before["discounts"]
        data = invoice["lines"]["data"]
        own = [{**line, "discounts": [id for id in line["discounts"] if id not in gone]} for line in data]
        building.put_lines(work, invoice, own)
    return _tell(work, invoice, before)


def delete(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/invoices/{invoice}, for drafts made by hand; what was on it waits again."""
    invoice = work.get("invoice", id)
    if invoice["status"] != "draft":
        raise InvalidRequest("You can only delete draft invoices. Void this one instead.")
    if invoice["billing_reason"] != "manual":
        raise InvalidRequest("Drafts of subscriptions can't be deleted. Finalize and void this one instead.")
    for line in invoice["lines"]["data"]:
        if item := _item_of(work, line):
            item["invoice"] = None
            work.save(item)
    work.delete(invoice)
    events.emit(work, "invoice.deleted", invoice)
    return {"id": id, "object": "invoice", "deleted": True}


def put(work: Work, invoice: Object, item: Object) -> None:
    """Put an item on a draft, or renew the line of one that is on it."""
    before = deepcopy(invoice)
    line, found = invoice_items.line(item), list(invoice["lines"]["data"])
    at = next((index for index, each in enumerate(found) if invoice_items.item_of(each) == item["id"]), None)
    if at is None:
        found.append(line)
    else:
        found[at] = {**line, "id": found[at]["id"]}
    building.put_lines(work, invoice, found)
    invoice_items.put_on(work, invoice)
    _tell(work, invoice, before)


def take_off(work: Work, invoice: Object, item: Object) -> None:
    """Take an item off a draft."""
    before = deepcopy(invoice)
    left = [each for each in invoice["lines"]["data"] if invoice_items.item_of(each) != item["id"]]
    building.put_lines(work, invoice, left)
    _tell(work, invoice, before)


def _tell(work: Work, invoice: Object, before: Object) -> Object:
    if previous := events.difference(before, invoice):
        events.emit(work, "invoice.updated", work.save(invoice), previous)
    return invoice


def _item_of(work: Work, line: Object) -> Object | None:
    id = invoice_items.item_of(line)
    return work.get("invoiceitem", id) if id else None


def _subscription(work: Work, params: Params, customer: Object) -> Object | None:
    if "subscription" not in params:
        return None
    subscription = work.get("subscription", params.get("subscription"), "subscription")
    if subscription["customer"] != customer["id"]:
        raise InvalidRequest("The subscription belongs to another customer.", param="subscription")
    return subscription


def _waiting(work: Work, invoice: Object, subscription: Object | None, params: Params) -> list[Object]:
    included = params.get("pending_invoice_items_behavior", "exclude") == "include"
    if subscription:
        found = invoice_items.waiting(work, subscription)
        return [item for item in found if invoice_items.subscription_of(item) == subscription["id"]]
    return invoice_items.waiting_for(work, invoice["customer"], invoice["currency"]) if included else []


def _settings(work: Work, invoice: Object, params: Params) -> dict[str, Any]:
    if params.get("collection_method", "charge_automatically") != "charge_automatically":
        raise InvalidRequest("This sandbox charges automatically only.", param="collection_method")
    changes = params.given("auto_advance", "description", "footer")
    if "metadata" in params:
        changes["metadata"] = merge(invoice["metadata"], params.get("metadata"))
    if method := params.get("default_payment_method"):
        customers.check_owner(work, method, invoice["customer"], "default_payment_method")
        changes["default_payment_method"] = method
    if "discounts" in params:
        of = {"customer": invoice["customer"], "invoice": invoice["id"]}
        current = invoice["discounts"]
        changes["discounts"] = discounts.wanted(work, params, "discounts", current, invoice["currency"], **of)
    if "automatic_tax" in params:
        changes["automatic_tax"] = building.automatic_tax(enabled=params.nested("automatic_tax").get("enabled"))
    return changes
