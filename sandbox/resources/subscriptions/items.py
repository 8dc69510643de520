"""The items of a subscription: prices with quantities, each with its own period."""

from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.resources import discounts, prices
from sandbox.resources.subscriptions import periods
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

MOST = 20


def build(work: Work, subscription: Object, params: Params, trial_end: int | None) -> list[Object]:
    """The items that `items` asks for; their first period begins now, and is the trial if there is one."""
    wanted = list(params.each("items"))
    if not 1 <= len(wanted) <= MOST:
        raise InvalidRequest(f"A subscription has 1 to {MOST} items.", param="items")
    found = [(each, price_of(work, each, f"items[{index}]")) for index, each in enumerate(wanted)]
    items = [new(work, subscription, each, price, f"items[{index}]") for index, (each, price) in enumerate(found)]
    check_alike(subscription, items)
    for item in items:
        item["current_period_end"] = trial_end or periods.following(subscription, item, work.now)
    return items


def price_of(work: Work, params: Params, path: str) -> Object:
    """The price that `price` or `price_data` names: an active, recurring one."""
    if "price_data" in params:
        data = params.nested("price_data")
        product = work.get("product", data.get("product"), f"{path}[price_data][product]")
        return prices.add(work, product["id"], data)
    if "price" not in params:
        raise InvalidRequest(
            f"Missing required param: {path}[price].", code="parameter_missing", param=f"{path}[price]"
        )
    price = work.get("price", params.get("price"), f"{path}[price]")
    if not price["active"]:
        raise InvalidRequest(
            "The price specified is inactive. This field only accepts active prices.", param=f"{path}[price]"
        )
    if price["type"] != "recurring":
        raise InvalidRequest(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param=f"{path}[price]",
        )
    return price


def check_alike(subscription: Object, items: list[Object]) -> None:
    """InvalidRequest unless these items can be billed together."""
    found = [item["price"] for item in items]
    ids = [price["id"] for price in found]
    if len(set(ids)) < len(ids):
        raise InvalidRequest("Each price may appear in one item only; use its `quantity`.", param="items")
    if len({price["currency"] for price in found}) > 1:
        raise InvalidRequest(
            "The price specified only supports one currency, and all items of a subscription must share it.",
            param="items",
        )
    if subscription["billing_mode"]["type"] == "classic" and len({interval_of(item) for item in items}) > 1:
        raise InvalidRequest(
            "Currently, if you're not using flexible billing mode, all prices of a subscription must have the same "
            "billing interval.",
            param="items",
        )


def interval_of(item: Object) -> tuple[str, int]:
    """How often an item is billed."""
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def quantity_of(params: Params, default: int, path: str) -> int:
    """The quantity that is asked for."""
    quantity = params.get("quantity", default)
    if quantity < 0:
        raise InvalidRequest(
            "Invalid non-negative integer", code="parameter_invalid_integer", param=f"{path}[quantity]"
        )
    return int(quantity)


def new(work: Work, subscription: Object, params: Params, price: Object, path: str) -> Object:
    """An item whose period has yet to be set."""
    item = {
        "id": new_id("si", 14),
        "object": "subscription_item",
        "billed_until": None,
        "billing_thresholds": None,
        "created": work.now,
        "current_period_end": work.now,
        "current_period_start": work.now,
        "discounts": [],
        "metadata": merge({}, params.get("metadata", {})),
        **priced(price, quantity_of(params, 1, path)),
        "subscription": subscription["id"],
        "tax_rates": [],
    }
    set_discounts(work, subscription, item, params, path)
    return item


def priced(price: Object, quantity: int) -> Object:
    """The fields of an item that tell what it costs."""
    return {"plan": _plan(price), "price": price, "quantity": quantity}


def set_discounts(work: Work, subscription: Object, item: Object, params: Params, path: str) -> None:
    """Give an item the discounts that `discounts` asks for, if it was sent."""
    if "discounts" not in params:
        return
    of = {"customer": subscription["customer"], "subscription": subscription["id"], "subscription_item": item["id"]}
    currency, name = item["price"]["currency"], f"{path}[discounts]"
    item["discounts"] = discounts.wanted(work, params, name, item["discounts"], currency, **of)


def _plan(price: Object) -> Object:
    """The price in the words of its predecessor, which Stripe still shows."""
    recurring = price["recurring"]
    return {
        **{name: price[name] for name in PLAN_AS_PRICE},
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "meter": None,
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": recurring["usage_type"],
    }


PLAN_AS_PRICE = (
    "id",
    "active",
    "billing_scheme",
    "created",
    "currency",
    "livemode",
    "metadata",
    "nickname",
    "product",
)
