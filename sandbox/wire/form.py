"""Stripe's form encoding: `a[b]=1`, `a[0]=1`, `a[]=1`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.errors import InvalidRequest

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def pairs(encoded: bytes) -> list[tuple[str, str]]:
    """The decoded pairs of a body or a query string, in the order sent."""
    try:
        return parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidRequest("Invalid request: the parameters are not UTF-8.") from error


def decode(given: list[tuple[str, str]]) -> dict[str, Any]:
    """Nested hashes of strings. A list stays a hash of its indexes until its type is known."""
    root: dict[str, Any] = {}
    for key, value in given:
        _place(root, key, value)
    return root


def _place(root: dict[str, Any], key: str, value: str) -> None:
    match = KEY.fullmatch(key)
    if not match:
        raise InvalidRequest(f"Invalid parameter name: {key}", param=key)
    *parents, last = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    place = root
    for name in parents:
        place = place.setdefault(name or str(len(place)), {})
        if not isinstance(place, dict):
            raise InvalidRequest(f"Invalid object: {key} is both a value and an object.", param=key)
    place[last or str(len(place))] = value
