"""What the JSON of more than one type of Stripe's objects holds, in our words."""

from datetime import UTC, datetime
from typing import Any

from billing.stripe_gateway import JSONObject

OURS = "assent_"


def moment(seconds: int | None) -> datetime | None:
    """Stripe's seconds as a time; null stays null."""
    return None if seconds is None else instant(seconds)


def instant(seconds: int) -> datetime:
    """Stripe's seconds as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def nested(data: JSONObject, *path: str) -> Any:
    """The value at `path`; null where something on the way is null or absent."""
    value: Any = data
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def merchants_metadata(data: JSONObject) -> JSONObject:
    """The merchant's own keys, without ours."""
    return {key: value for key, value in (data.get("metadata") or {}).items() if not key.startswith(OURS)}
