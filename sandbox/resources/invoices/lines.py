"""The lines of an invoice that come from the items of a subscription."""

from datetime import UTC, datetime
from decimal import Decimal

from sandbox import money, shares
from sandbox.ids import new_id
from sandbox.resources import discounts
from sandbox.work import Object, Work


def of_item(work: Work, subscription: Object, item: Object) -> Object:
    """What an item costs for its current period: nothing while a trial lasts."""
    price, quantity = item["price"], item["quantity"]
    start, end = item["current_period_start"], item["current_period_end"]
    trial = subscription["trial_end"] is not None and start < subscription["trial_end"]
    amount = 0 if trial else full(price, quantity)
    name = work.get("product", price["product"])["name"]
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": f"Trial period for {name}" if trial else _description(name, price, quantity),
        "discount_amounts": [],
        "discountable": True,
        "discounts": discounts.active(work, item["discounts"]),
        "invoice": None,
        "livemode": False,
        "metadata": subscription["metadata"],
        "parent": parent(subscription["id"], item["id"]),
        "period": {"end": end, "start": start},
        "pretax_credit_amounts": [],
        "pricing": pricing(price, "0" if trial else None),
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription["id"],
        "subtotal": amount,
        "taxes": [],
    }


def parent(
    subscription: str | None, item: str, invoice_item: str | None = None, credited: Object | None = None
) -> Object:
    """Where a line comes from: an item of a subscription, for a proration by way of an invoice item."""
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": invoice_item,
            "proration": invoice_item is not None,
            "proration_details": {"credited_items": credited},
            "subscription": subscription,
            "subscription_item": item,
        },
        "type": "subscription_item_details",
    }


def pricing(price: Object, unit_amount: str | None = None) -> Object:
    """The price behind a line, with its own unit amount or another one."""
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": unit_amount if unit_amount is not None else price["unit_amount_decimal"],
    }


def full(price: Object, quantity: int) -> int:
    """A price times a quantity; fractions of the smallest unit are rounded once, in the end."""
    return shares.whole(Decimal(price["unit_amount_decimal"]) * quantity)


def day(moment: int) -> str:
    """A date as Stripe writes it into descriptions: 05 Jan 2027."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")


def _description(name: str, price: Object, quantity: int) -> str:
    decimals = money.DECIMALS.get(price["currency"], 2)
    unit = Decimal(price["unit_amount_decimal"]).scaleb(-decimals)
    every = ""
    if recurring := price["recurring"]:
        count = recurring["interval_count"]
        every = f" / {recurring['interval']}" if count == 1 else f" / every {count} {recurring['interval']}s"
    return f"{quantity} × {name} (at {unit:.{decimals}f} {price['currency'].upper()}{every})"  # noqa: RUF001
