"""A change of what a subscription bills, in Stripe's parameters: the same for its preview and for itself."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from billing.stripe_gateway import JSONObject, Request

PREVIEW = "/v1/invoices/create_preview"
# Stripe's word where nothing would be billed any more.
NOTHING_COMES = "invoice_upcoming_none"


@dataclass(frozen=True)
class Billed:
    """One item at Stripe: its id, its price's id, how many."""

    item: str
    price: str
    quantity: int | None

    @classmethod
    def of(cls, subscription: JSONObject) -> "list[Billed]":
        """Those of a subscription as Stripe has it."""
        return [cls(each["id"], _id(each["price"]), each.get("quantity")) for each in subscription["items"]["data"]]


def _id(value: Any) -> str:
    return str(value["id"] if isinstance(value, dict) else value)


def item_changes(current: list[Billed], wanted: list[tuple[str, int]]) -> list[dict[str, Any]]:
    """What to send as `items`, so that of the current ones just the wanted (price, quantity) are left.

    An item keeps its id where its price stays, or where it takes a new price in place of one that goes: without an id
    Stripe adds an item (SubscriptionUpdateParamsItem.id). What is not named stays as it is.
    """
    by_price = {each.price: each for each in current}
    kept = {price for price, _ in wanted if price in by_price}
    leaving = [each for each in current if each.price not in kept]
    changes: list[dict[str, Any]] = []
    for price, quantity in wanted:
        if price not in kept:
            place = {"id": leaving.pop(0).item} if leaving else {}
            changes.append({**place, "price": price, "quantity": quantity})
        elif by_price[price].quantity != quantity:
            changes.append({"id": by_price[price].item, "quantity": quantity})
    return changes + [{"id": each.item, "deleted": True} for each in leaving]


def proration(items: list[dict[str, Any]], *, prorate: bool, at: int) -> dict[str, Any]:
    """How the rest of the period is billed: at once as of the second `at`, or not at all."""
    if not prorate:
        return {"proration_behavior": "none"}
    # Without a change of items there is nothing for Stripe to reckon as of a second.
    return {"proration_behavior": "always_invoice", **({"proration_date": at} if items else {})}


def previewed(
    subscription: str, items: list[dict[str, Any]], *, coupon: str | None, prorate: bool, at: int, recurring: bool
) -> Request:
    """Asks what the change would be billed as: at once, or (`recurring`) in each full period."""
    how = proration(items, prorate=prorate, at=at)
    params: dict[str, Any] = {
        "subscription": subscription,
        "subscription_details": {**({"items": items} if items else {}), **how},
        **discounts(coupon),
    }
    return Request("post", PREVIEW, {**params, **({"preview_mode": "recurring"} if recurring else {})})


def discounts(coupon: str | None) -> dict[str, Any]:
    """The parameter for a coupon; nothing leaves the discounts as they are."""
    return {"discounts": [{"coupon": coupon}]} if coupon else {}


def coupon_request(coupon: str) -> Request:
    """Reads a coupon."""
    return Request("get", f"/v1/coupons/{quote(coupon, safe='')}", {})


def is_once(coupon: JSONObject) -> bool:
    """Whether it is used up by the first payment that it lowers: what is billed next is then without it."""
    return bool(coupon["duration"] == "once")


def second_within(period: tuple[int, int], now: int) -> int:
    """The second as of which prorations are reckoned: Stripe's own now, or what is nearest to it in the current period.

    Stripe takes none outside.
    """
    start, end = period
    return max(start, min(now, end - 1))
