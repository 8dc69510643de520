"""Hashes that several objects share."""

from typing import Any

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def address(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """An address with every line present."""
    return None if given is None else {**dict.fromkeys(ADDRESS), **given}


def shipping(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """A name and phone to ship to, with the address."""
    if given is None:
        return None
    return {"phone": None, **given, "address": address(given.get("address") or {})}


def billing_details(given: dict[str, Any] | None = None) -> dict[str, Any]:
    """Who a payment method bills; nothing of it is known at first."""
    given = given or {}
    empty = dict.fromkeys(("email", "name", "phone", "tax_id"))
    return {**empty, **given, "address": address(given.get("address") or {})}
