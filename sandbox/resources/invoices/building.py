"""Making an invoice of a subscription: its lines, and what they add up to."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.ids import new_id
from sandbox.resources import accounts
from sandbox.wire.pagination import list_of
from sandbox.work import Object, Work

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())


def draft(work: Work, subscription: Object, reason: str, lines: list[Object]) -> Object:
    """A draft for a subscription, not stored yet."""
    customer = work.get("customer", subscription["customer"])
    invoice = {**_new(work, customer, subscription), "billing_reason": reason}
    put_lines(invoice, lines)
    return invoice


def put_lines(invoice: Object, lines: list[Object]) -> None:
    """Give the invoice its lines, and the totals that follow."""
    total = sum(line["amount"] for line in lines)
    lines = [{**line, "invoice": invoice["id"]} for line in lines]
    invoice.update(
        amount_due=max(total, 0),
        amount_remaining=max(total, 0),
        lines=list_of(lines, f"/v1/invoices/{invoice['id']}/lines"),
        subtotal=total,
        subtotal_excluding_tax=total,
        total=total,
        total_excluding_tax=total,
    )


def line(work: Work, subscription: Object, item: Object, period: tuple[int, int], *, trial: bool = False) -> Object:
    """What one item of a subscription costs for a period; nothing during a trial."""
    price, quantity = item["price"], item["quantity"]
    amount = 0 if trial else _amount(price, quantity)
    name = work.get("product", price["product"])["name"]
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": f"Trial period for {name}" if trial else _description(name, price, quantity),
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": subscription["metadata"],
        "parent": _line_parent(subscription, item),
        "period": {"end": period[1], "start": period[0]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": "0" if trial else price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription["id"],
        "subtotal": amount,
        "taxes": [],
    }


def _line_parent(subscription: Object, item: Object) -> Object:
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"],
            "subscription_item": item["id"],
        },
        "type": "subscription_item_details",
    }


def _amount(price: Object, quantity: int) -> int:
    exact = Decimal(price["unit_amount_decimal"]) * quantity
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _description(name: str, price: Object, quantity: int) -> str:
    unit = Decimal(price["unit_amount_decimal"])
    amount = unit if price["currency"] in ZERO_DECIMAL else unit / 100
    recurring = price["recurring"]
    count = recurring["interval_count"]
    every = recurring["interval"] if count == 1 else f"every {count} {recurring['interval']}s"
    return f"{quantity} × {name} (at {amount:.2f} {price['currency'].upper()} / {every})"  # noqa: RUF001


def _new(work: Work, customer: Object, subscription: Object) -> Object:
    account = accounts.current(work)
    return {
        **dict.fromkeys(ABSENT),
        "id": new_id("in"),
        "object": "invoice",
        **dict.fromkeys(NOTHING, 0),
        "account_country": account["country"],
        "account_name": work.sandbox.settings.merchant,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": _automatic_tax(subscription),
        "collection_method": "charge_automatically",
        "created": work.now,
        "currency": subscription["currency"],
        "customer": customer["id"],
        **{f"customer_{name}": customer[name] for name in COPIED},
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "livemode": False,
        "metadata": {},
        "parent": _parent(subscription),
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": subscription["payment_settings"]["payment_method_types"],
        },
        "period_end": work.now,
        "period_start": work.now,
        "status": "draft",
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def _parent(subscription: Object) -> Object:
    return {
        "quote_details": None,
        "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
        "type": "subscription_details",
    }


def _automatic_tax(subscription: Object) -> dict[str, Any]:
    """Tax is calculated, and comes to nothing: this merchant is registered nowhere."""
    enabled = subscription["automatic_tax"]["enabled"]
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "complete" if enabled else None,
    }


COPIED = ("address", "email", "name", "phone", "shipping", "tax_exempt")
"""What an invoice keeps of its customer as they were then."""
NOTHING = (
    "amount_due",
    "amount_overpaid",
    "amount_paid",
    "amount_paid_off_stripe",
    "amount_remaining",
    "amount_shipping",
    "attempt_count",
    "post_payment_credit_notes_amount",
    "pre_payment_credit_notes_amount",
    "starting_balance",
    "subtotal",
    "total",
)
ABSENT = (
    "account_tax_ids",
    "application",
    "automatically_finalizes_at",
    "custom_fields",
    "customer_account",
    "default_payment_method",
    "default_source",
    "description",
    "due_date",
    "effective_at",
    "ending_balance",
    "footer",
    "from_invoice",
    "hosted_invoice_url",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "next_payment_attempt",
    "number",
    "on_behalf_of",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "status_details",
    "test_clock",
    "webhooks_delivered_at",
)
