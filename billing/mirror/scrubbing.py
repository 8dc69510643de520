"""Leaving out what must not be kept: of a redacted customer everything personal, of a mandate where it was given."""

from typing import Any

from billing.mirror.fields import OURS
from billing.stripe_gateway import JSONObject

PERSONAL = frozenset(
    "address business_name custom_fields customer_address customer_details customer_email customer_name customer_phone "
    "customer_shipping customer_tax_ids email evidence individual_name ip_address name phone receipt_email shipping "
    "tax_id user_agent".split()
)


def scrub(value: Any) -> Any:
    """The same JSON without personal values, and without the merchant's metadata."""
    if isinstance(value, list):
        return [scrub(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: _scrubbed(key, each) for key, each in value.items()}


def scrub_object(data: JSONObject) -> JSONObject:
    """The same for a whole object."""
    return scrub_fields(data, str(data.get("object")))


def scrub_fields(fields: JSONObject, type: str) -> JSONObject:
    """The same for some fields of an object of this type; a customer's description may be about a person."""
    without = {"description": None} if type == "customer" and "description" in fields else {}
    return {**scrub(fields), **without}


def _scrubbed(key: str, value: Any) -> Any:
    if key in PERSONAL:
        return None
    if key == "metadata" and isinstance(value, dict):
        return {name: each for name, each in value.items() if name.startswith(OURS)}
    return scrub(value)
