"""Comparing states of one object: as digests of what is the same in an answer and in an event."""

import hashlib
import json
from typing import Any

from billing.stripe_gateway import JSONObject


def digest(data: JSONObject) -> str:
    """Equal for equal states; a field that is null and one that is absent are the same."""
    text = json.dumps(_without_nulls(data), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def put_back(data: JSONObject, previous: JSONObject) -> JSONObject:
    """The state before an update. `previous_attributes` holds whole arrays, and of a hash only what changed."""
    return {**data, **{key: _earlier(data.get(key), value) for key, value in previous.items()}}


def _earlier(current: Any, value: Any) -> Any:
    return put_back(current, value) if isinstance(value, dict) and isinstance(current, dict) else value
