"""Prices of products."""

from decimal import Decimal
from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import products
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

LONGEST = {"day": 1095, "week": 156, "month": 36, "year": 3}
"""Stripe bills at least every three years."""


def create(work: Work, params: Params) -> Object:
    """POST /v1/prices."""
    if "product_data" in params:
        product = products.add(work, params.nested("product_data"))
    elif "product" in params:
        product = work.get("product", params.get("product"), "product")
    else:
        raise InvalidRequest(
            "You must specify either `product` or `product_data` when creating a price.",
            code="parameter_missing",
            param="product",
        )
    return add(work, product["id"], params)


def add(work: Work, product_id: str, params: Params) -> Object:
    """A price of that product, from the parameters of a price or of inline price data."""
    price = {**_new(work, product_id, params), **params.given("active", "nickname", "tax_behavior")}
    price["metadata"] = merge({}, params.get("metadata", {}))
    if key := params.get("lookup_key"):
        _claim_lookup_key(work, key, transfer=bool(params.get("transfer_lookup_key")))
        price["lookup_key"] = key
    work.add(price)
    events.emit(work, "price.created", price)
    return price


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/prices/{price}; amounts never change."""
    price = work.get("price", id)
    changes = params.given("active", "lookup_key", "nickname", "tax_behavior")
    if (key := changes.get("lookup_key")) and key != price["lookup_key"]:
        _claim_lookup_key(work, key, transfer=bool(params.get("transfer_lookup_key")))
    if "metadata" in params:
        changes["metadata"] = merge(price["metadata"], params.get("metadata"))
    return events.change(work, "price.updated", price, **changes)


def list_prices(work: Work, params: Params) -> Object:
    """GET /v1/prices."""
    where = params.given("active", "currency", "product", "type")
    for name, value in (params.get("recurring") or {}).items():
        where[f"recurring.{name}"] = value
    keys = params.get("lookup_keys") or []
    marks = ", ".join("?" * len(keys))
    sql = f"AND json_extract(body, '$.lookup_key') IN ({marks})" if keys else ""
    return page(work, "price", params, "/v1/prices", where, sql, *keys)


def _new(work: Work, product_id: str, params: Params) -> Object:
    amount, decimal = _amount(params)
    recurring = _recurring(params)
    return {
        "id": new_id("price"),
        "object": "price",
        "active": True,
        "billing_scheme": params.get("billing_scheme", "per_unit"),
        "created": work.now,
        "currency": params.get("currency").lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": recurring,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": decimal,
    }


def _amount(params: Params) -> tuple[int | None, str]:
    """Whole and decimal amount in the smallest unit; the whole one is None for a fraction of it."""
    given = params.given("unit_amount", "unit_amount_decimal")
    if len(given) != 1:
        raise InvalidRequest(
            "Prices require exactly one of `unit_amount` or `unit_amount_decimal`.",
            code="parameter_missing",
            param="unit_amount",
        )
    amount = Decimal(next(iter(given.values())))
    if amount < 0:
        raise InvalidRequest("Invalid non-negative integer", code="parameter_invalid_integer", param=next(iter(given)))
    return (int(amount) if amount == int(amount) else None), f"{amount:f}"


def _recurring(params: Params) -> dict[str, Any] | None:
    if "recurring" not in params:
        return None
    given = params.nested("recurring")
    interval, count = given.get("interval"), given.get("interval_count", 1)
    if not 1 <= count <= LONGEST[interval]:
        raise InvalidRequest(
            f"The billing interval must be between 1 and {LONGEST[interval]} {interval}s.",
            param="recurring[interval_count]",
        )
    return {
        "interval": interval,
        "interval_count": count,
        "meter": None,
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": "licensed",
    }


def _claim_lookup_key(work: Work, key: str, *, transfer: bool) -> None:
    """Take the key from the price that has it, or refuse."""
    for holder in work.select("price", {"lookup_key": key}):
        if not transfer:
            raise InvalidRequest(
                f"A price (`{holder['id']}`) already uses that lookup key. You may use "
                "`transfer_lookup_key=true` to move it.",
                param="lookup_key",
            )
        events.change(work, "price.updated", holder, lookup_key=None)


KIND = Kind("price", expands={"product": "product"})

ENDPOINTS = [
    Endpoint("POST", "/v1/prices", create),
    Endpoint("GET", "/v1/prices", list_prices),
    Endpoint("GET", "/v1/prices/{price}", retrieve("price")),
    Endpoint("POST", "/v1/prices/{price}", update),
]
