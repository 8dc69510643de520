"""What an invoice adds up to, row by row, for its page and its PDF."""

from sandbox.resources import discounts
from sandbox.work import Object, Work

Row = tuple[str, int]
"""What it is, and an amount in the currency's smallest unit."""


def rows(work: Work, invoice: Object) -> list[Row]:
    """From the subtotal to what is left to pay; what plays no part is left out."""
    off = [(_discount(work, each["discount"]), -each["amount"]) for each in invoice["total_discount_amounts"]]
    total, due, paid = invoice["total"], invoice["amount_due"], invoice["amount_paid"]
    return [
        *([("Subtotal", invoice["subtotal"]), *off] if off else []),
        ("Total", total),
        *([("Balance applied", due - total)] if due != total else []),
        ("Amount due", due),
        *([("Paid", -paid), ("Still due", invoice["amount_remaining"])] if paid else []),
    ]


def quantity(line: Object) -> str:
    """How many; a proration has none that would mean anything."""
    return "" if is_proration(line) or line["quantity"] is None else str(line["quantity"])


def is_proration(line: Object) -> bool:
    """Whether a line is for a part of a period."""
    details = (line["parent"] or {}).get("subscription_item_details") or {}
    own = (line["parent"] or {}).get("invoice_item_details") or {}
    return bool(details.get("proration") or own.get("proration"))


def _discount(work: Work, id: str) -> str:
    coupon = discounts.coupon_of(work, id)
    off = f"{coupon['percent_off']:g} % off" if coupon["percent_off"] is not None else "off"
    return f"{coupon['name'] or coupon['id']} ({off})"
