"""Objects inside of objects: each of a type that is mirrored is split off, and its id left in its place."""

from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from billing.stripe_gateway import JSONObject, StripeGateway

# What a failed attempt left behind: a picture of that moment, not the object as it is now.
PICTURES = frozenset({"last_payment_error", "last_setup_error", "last_finalization_error"})

# Fields that answers have only where they were asked for, and events never.
ONLY_EXPANDED: dict[str, frozenset[str]] = {
    "customer": frozenset({"cash_balance", "invoice_credit_balance", "sources", "subscriptions", "tax", "tax_ids"}),
    "checkout.session": frozenset({"line_items"}),
    "invoice": frozenset({"payments", "confirmation_secret"}),
    "price": frozenset({"currency_options", "tiers"}),
}


def split(data: JSONObject, types: Collection[str]) -> tuple[JSONObject, list[JSONObject]]:
    """The object unexpanded, and what was inside of it, unexpanded too, of these types."""
    parts: list[JSONObject] = []
    return _object(data, types, parts), parts


def unexpanded(data: JSONObject, types: Collection[str]) -> JSONObject:
    """The object, or some of its fields, without what was inside."""
    return split(data, types)[0]


def _object(data: JSONObject, types: Collection[str], parts: list[JSONObject]) -> JSONObject:
    dropped = ONLY_EXPANDED.get(str(data.get("object")), frozenset())
    walked = {key: value if key in PICTURES else _value(value, types, parts) for key, value in data.items()}
    return {key: value for key, value in walked.items() if key not in dropped}


def _value(value: Any, types: Collection[str], parts: list[JSONObject]) -> Any:
    if isinstance(value, list):
        return [_value(each, types, parts) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("object") not in types or not isinstance(value.get("id"), str):
        return _object(value, types, parts)
    parts.append(_object(value, types, parts))
    return value["id"]


def is_truncated(value: Any) -> bool:
    """Whether a list anywhere inside has more than is shown."""
    if isinstance(value, list):
        return any(is_truncated(each) for each in value)
    if not isinstance(value, dict):
        return False
    return value.get("has_more") is True or any(is_truncated(each) for each in value.values())


async def complete(gateway: StripeGateway, value: Any) -> Any:
    """The same with every list read to its end. Raises what `StripeGateway.get` raises."""
    if isinstance(value, list):
        return [await complete(gateway, each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("object") == "list" and value.get("has_more") is True:
        return {**value, "data": await _every(gateway, value["url"]), "has_more": False}
    return {key: await complete(gateway, each) for key, each in value.items()}


async def _every(gateway: StripeGateway, url: str) -> list[JSONObject]:
    parts = urlsplit(url)
    return await gateway.list_all(parts.path, **dict(parse_qsl(parts.query)))
