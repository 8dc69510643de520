"""What one-time amounts cost: an amount, a price, or a price described on the spot."""

from decimal import Decimal
from typing import Any

from sandbox import shares
from sandbox.errors import InvalidRequest
from sandbox.resources import prices
from sandbox.resources.invoices import lines
from sandbox.wire.params import Params
from sandbox.work import Object, Work

NAMES = (
    "amount",
    "price",
    "price_data",
    "pricing",
    "quantity",
    "quantity_decimal",
    "unit_amount",
    "unit_amount_decimal",
)
"""Parameters that say what something costs."""


def fields(work: Work, params: Params, currency: str, path: str = "") -> Object:
    """The fields of an invoice item that tell what it costs and what it is called.

    `params` hold one of `price`, `pricing[price]`, `price_data`, `amount`, `unit_amount` and `unit_amount_decimal`,
    and perhaps a `quantity`. `path` is the parameter that holds them, in refusals.
    """
    quantity = params.get("quantity", 1)
    if quantity < 0:
        raise InvalidRequest(
            "Invalid non-negative integer", code="parameter_invalid_integer", param=_join(path, "quantity")
        )
    price = _price(work, params, path)
    if price is None:
        return _amount(params, quantity, path)
    if price["currency"] != currency:
        raise InvalidRequest(
            f"The price is in {price['currency']}; what it is billed with is in {currency}.",
            param=_join(path, "price"),
        )
    return {
        "amount": lines.full(price, quantity),
        "description": params.get("description") or work.get("product", price["product"])["name"],
        "pricing": lines.pricing(price),
        "quantity": quantity,
        "quantity_decimal": str(quantity),
    }


def _amount(params: Params, quantity: int, path: str) -> dict[str, Any]:
    unit = params.given("unit_amount", "unit_amount_decimal")
    if ("amount" in params) == bool(unit):
        raise InvalidRequest(
            "Send exactly one of `amount`, `price`, `price_data` and `unit_amount_decimal`.",
            code="parameter_missing",
            param=_join(path, "amount"),
        )
    each = next(iter(unit.values())) if unit else params.get("amount")
    return {
        "amount": shares.whole(Decimal(each) * quantity) if unit else each,
        "description": params.get("description"),
        "quantity": quantity if unit else 1,
        "quantity_decimal": str(quantity if unit else 1),
    }


def _price(work: Work, params: Params, path: str) -> Object | None:
    if "price_data" in params:
        data = params.nested("price_data")
        product = work.get("product", data.get("product"), _join(path, "price_data[product]"))
        return prices.add(work, product["id"], data)
    id = params.get("price") or params.nested("pricing").get("price")
    if id is None:
        return None
    price = work.get("price", id, _join(path, "price"))
    if price["type"] != "one_time":
        raise InvalidRequest(
            "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.",
            param=_join(path, "price"),
        )
    return price


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
