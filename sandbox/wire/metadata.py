"""Metadata as Stripe keeps it: merged key by key, an empty value removes its key."""

from typing import Any

from sandbox.errors import InvalidRequest

KEYS, KEY_LENGTH, VALUE_LENGTH = 50, 40, 500


def merge(current: dict[str, str], given: dict[str, str] | None) -> dict[str, str]:
    """What results from sending `given`; None, an empty `metadata`, clears everything."""
    if given is None:
        return {}
    for key, value in given.items():
        _check(key, value)
    merged = {key: value for key, value in {**current, **given}.items() if value != ""}
    if len(merged) > KEYS:
        raise InvalidRequest(
            f"Metadata can have up to {KEYS} keys; this object would have {len(merged)}.", param="metadata"
        )
    return merged


def _check(key: str, value: Any) -> None:
    if len(key) > KEY_LENGTH:
        raise InvalidRequest(
            f"Metadata keys must be at most {KEY_LENGTH} characters; '{key}' has {len(key)}.",
            param=f"metadata[{key}]",
        )
    if len(value) > VALUE_LENGTH:
        raise InvalidRequest(
            f"Metadata values must be at most {VALUE_LENGTH} characters; the value of '{key}' has {len(value)}.",
            param=f"metadata[{key}]",
        )
