"""An invoice item as an object: made, put on an invoice, and shown as a line of it."""

from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.resources import discounts
from sandbox.resources.invoices import discounting, lines, pricing
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work


def add_priced(work: Work, subscription: Object, params: Params, path: str) -> Object:
    """One of `add_invoice_items`, stored without an event; it waits for the subscription's next invoice."""
    item = blank(work, subscription["customer"], subscription["currency"])
    item["parent"] = parent_of(subscription["id"])
    return work.add(describe(work, item, params, path))


def parent_of(subscription: str | None) -> Object | None:
    """What an item says of the subscription that it waits for."""
    if subscription is None:
        return None
    return {"subscription_details": {"subscription": subscription}, "type": "subscription_details"}


def describe(work: Work, item: Object, params: Params, path: str = "") -> Object:
    """Give an item what the parameters say it is: its price, words, discounts and period."""
    currency = params.get("currency", item["currency"]).lower()
    if currency != item["currency"]:
        raise InvalidRequest(
            f"What it is billed with is in {item['currency']}. Send that currency, or none.",
            param=f"{path}[currency]" if path else "currency",
        )
    if any(name in params for name in pricing.NAMES):
        item.update(pricing.fields(work, params, item["currency"], path))
    item.update(params.given("description", "discountable"))
    item["metadata"] = merge(item["metadata"], params.get("metadata", {}))
    if "period" in params:
        item["period"] = _period(work, params, path)
    if "discounts" in params:
        of = {"customer": item["customer"], "invoice_item": item["id"]}
        name = f"{path}[discounts]" if path else "discounts"
        wanted = discounts.wanted(work, params, name, item["discounts"], item["currency"], **of)
        item["discounts"] = wanted
    if not item["discountable"]:
        item["net_amount"] = item["amount"]
    return item


def _period(work: Work, params: Params, path: str) -> Object:
    name, given = f"{path}[period]" if path else "period", params.get("period")
    start, end = (_moment(work, given[which], f"{name}[{which}]") for which in ("start", "end"))
    if end < start:
        raise InvalidRequest("`period[end]` must not be before `period[start]`.", param=name)
    return {"end": end, "start": start}


def _moment(work: Work, given: Any, name: str) -> int:
    """A second, or a hash that says which one."""
    if isinstance(given, int):
        return given
    if given["type"] == "now":
        return work.now
    if given["type"] != "timestamp" or "timestamp" not in given:
        raise InvalidRequest(
            "This sandbox plays `now` and `timestamp` (with a `timestamp`) here.", param=f"{name}[type]"
        )
    return int(given["timestamp"])


def waiting(work: Work, subscription: Object) -> list[Object]:
    """What belongs on the subscription's next invoice, oldest first."""
    owners = (None, subscription["id"])
    found = waiting_for(work, subscription["customer"], subscription["currency"])
    return [item for item in found if subscription_of(item) in owners]


def waiting_for(work: Work, customer: str, currency: str) -> list[Object]:
    """What a customer is still to be billed in a currency, oldest first."""
    where = {"customer": customer, "currency": currency}
    return work.select("invoiceitem", where, "AND json_extract(body, '$.invoice') IS NULL")[::-1]


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
        "test_clock": work.clock,
    }
