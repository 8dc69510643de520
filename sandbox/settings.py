"""How one sandbox is set up."""

from dataclasses import dataclass
from pathlib import Path

KNOWN_METHODS = ("card", "amazon_pay")
"""The payment method types that the sandbox can play."""


@dataclass(frozen=True)
class Settings:
    """`methods` are the payment method types switched on in this account's Dashboard, so to speak."""

    database: Path
    base_url: str
    methods: tuple[str, ...] = KNOWN_METHODS
    webhook_url: str | None = None
    webhook_secret: str | None = None
    record: Path | None = None
    merchant: str = "Sandbox Shop"
    country: str = "US"
    currency: str = "usd"


def known_methods(names: list[str]) -> tuple[str, ...]:
    """The names in Stripe's order; ValueError for an unknown one."""
    if unknown := set(names) - set(KNOWN_METHODS):
        raise ValueError(f"Unknown payment method type {', '.join(sorted(unknown))}: use {' or '.join(KNOWN_METHODS)}.")
    return tuple(name for name in KNOWN_METHODS if name in names)
