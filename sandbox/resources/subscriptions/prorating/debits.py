"""What was debited for an item of a subscription and not credited since."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.resources.invoice_items import items as invoice_items
from sandbox.work import Object, Work


@dataclass(frozen=True)
class Debit:
    """One debit for the time from `start` to `end`, of which what comes after `until` was credited already.

    `amount` is before its discounts, `taken` what each of them took off.
    """

    amount: int
    taken: dict[str, int]
    discounts: list[str]
    start: int
    end: int
    until: int
    pricing: Object
    quantity: int
    reference: Object
    """Stripe's `credited_items` for a credit of it."""


def outstanding(work: Work, subscription: Object, item: Object, after: int) -> list[Debit]:
    """The debits for time after that second, oldest first. What was never debited is not given back."""
    credited = _credited(work, subscription)
    found = []
    for line, ids, reference in _positive_lines(work, subscription, item):
        until = min((credited[id] for id in ids if id in credited), default=line["period"]["end"])
        if until > max(after, line["period"]["start"]):
            found.append(_debit(line, until, reference))
    return sorted(found, key=lambda debit: (debit.start, debit.end))


def last(work: Work, subscription: Object, item: Object) -> Debit | None:
    """The newest debit of all."""
    found = [_debit(line, 0, reference) for line, _, reference in _positive_lines(work, subscription, item)]
    return max(found, key=lambda debit: debit.start, default=None)


def _positive_lines(work: Work, subscription: Object, item: Object) -> Iterator[tuple[Object, set[str], Object]]:
    """Lines of invoices that are not void, and items that wait for one: each with its ids and a reference to it."""
    where = {"customer": subscription["customer"], "parent.subscription_details.subscription": subscription["id"]}
    for invoice in work.select("invoice", where):
        for line in invoice["lines"]["data"] if invoice["status"] != "void" else ():
            details = line["parent"]["subscription_item_details"]
            if details and details["subscription_item"] == item["id"] and line["amount"] > 0:
                yield line, {line["id"], details["invoice_item"]}, _on_invoice(invoice, line)
    for waiting in invoice_items.waiting(work, subscription):
        owner = (waiting["parent"] or {}).get("subscription_details") or {}
        if owner.get("subscription_item") == item["id"] and waiting["amount"] > 0:
            yield invoice_items.line(waiting), {waiting["id"]}, _waiting(waiting)


def _credited(work: Work, subscription: Object) -> dict[str, int]:
    """From when on what was debited is credited already, by credits that still count."""
    since: dict[str, int] = {}
    for item in work.select("invoiceitem", {"customer": subscription["customer"], "proration": True}):
        reference = item["proration_details"]["credited_items"]
        if reference and not _is_void(work, item["invoice"]):
            details = reference["invoice_line_item_details"]
            for id in details["invoice_line_items"] if details else [reference["invoice_item"]]:
                since[id] = min(item["period"]["start"], since.get(id, item["period"]["start"]))
    return since


def _is_void(work: Work, invoice_id: str | None) -> bool:
    invoice = work.find("invoice", invoice_id) if invoice_id else None
    return invoice is not None and invoice["status"] == "void"


def _debit(line: Object, until: int, reference: Object) -> Debit:
    return Debit(
        amount=line["amount"],
        taken={each["discount"]: each["amount"] for each in line["discount_amounts"]},
        discounts=line["discounts"],
        start=line["period"]["start"],
        end=line["period"]["end"],
        until=until,
        pricing=line["pricing"],
        quantity=line["quantity"],
        reference=reference,
    )


def _on_invoice(invoice: Object, line: Object) -> Object:
    details = {"invoice": invoice["id"], "invoice_line_items": [line["id"]]}
    return {"invoice_item": None, "invoice_line_item_details": details, "type": "invoice_line_items"}


def _waiting(item: Object) -> Object:
    return {"invoice_item": item["id"], "invoice_line_item_details": None, "type": "invoice_item"}
