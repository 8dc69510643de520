"""What discounts take off the lines of an invoice."""

from collections.abc import Callable, Sequence

from sandbox import shares
from sandbox.resources import coupons, discounts
from sandbox.work import Object, Work

Spread = Callable[[int, Sequence[int]], list[int]]
"""How an amount off a whole invoice is laid on its lines, whose amounts are the weights."""


def apply(work: Work, lines: list[Object], on_invoice: list[str], spread: Spread = shares.spread) -> None:
    """Write into each line what each discount takes off it, as `discount_amounts`.

    A line's own discounts come first, then those of the invoice, each on what the ones before have left. Lines that
    are not discountable, and those whose discounts were settled when they arose (prorations), are left alone.
    """
    open_lines = [line for line in lines if line["discountable"] and line["amount"] > 0]
    for line in open_lines:
        line["discount_amounts"] = []
    for line in open_lines:
        for id in [id for id in line["discounts"] if id not in on_invoice]:
            _take(work, id, [line], spread)
    for id in on_invoice:
        _take(work, id, open_lines, spread)
    for line in open_lines:
        line["discounts"] = [each["discount"] for each in line["discount_amounts"]]
        line["pretax_credit_amounts"] = [pretax(each["discount"], each["amount"]) for each in line["discount_amounts"]]


def net(line: Object) -> int:
    """A line's amount after its discounts."""
    return int(line["amount"] - sum(each["amount"] for each in line["discount_amounts"]))


def pretax(id: str, amount: int) -> Object:
    """A discount among what is taken off before tax."""
    return {"amount": amount, "credit_balance_transaction": None, "discount": id, "type": "discount"}


def evenly(amount: int, left: Sequence[int]) -> list[int]:
    """Classic billing lays an amount off on all items alike, on none more than it costs.

    Stripe, "Compare classic and flexible billing mode": proportional discounts are flexible billing's.
    """
    parts = [0] * len(left)
    open_parts = [index for index, each in enumerate(left) if each > 0]
    while amount and open_parts:
        for index, part in zip(open_parts, shares.spread(amount, [1] * len(open_parts)), strict=True):
            taken = min(part, left[index] - parts[index])
            parts[index] += taken
            amount -= taken
        open_parts = [index for index in open_parts if parts[index] < left[index]]
    return parts


def _take(work: Work, id: str, lines: list[Object], spread: Spread) -> None:
    coupon = discounts.coupon_of(work, id)
    products = coupons.products_of(work, coupon)
    for_lines = [line for line in lines if products is None or _product(line) in products]
    left = [net(line) for line in for_lines]
    if coupon["percent_off"] is not None:
        off = [shares.percent(amount, coupon["percent_off"]) for amount in left]
    else:
        amount = coupons.amount_in(work, coupon, lines[0]["currency"]) if lines else None
        off = spread(min(amount or 0, sum(left)), left)
    for line, amount in zip(for_lines, off, strict=True):
        line["discount_amounts"].append({"amount": amount, "discount": id})


def _product(line: Object) -> str | None:
    return line["pricing"]["price_details"]["product"] if line["pricing"] else None
