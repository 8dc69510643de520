"""How one sandbox is set up."""

from dataclasses import dataclass
from pathlib import Path

KNOWN_METHODS = ("card", "amazon_pay")
"""The payment method types that the sandbox can play."""


AFTER_RETRIES = ("cancel", "unpaid", "past_due", "pause")
"""What may become of a subscription when the last retry of an invoice has failed."""


@dataclass(frozen=True)
class Billing:
    """What the Dashboard decides about failed payments.

    `retries` are the days from each failed attempt to the next: by default eight tries in two weeks, as Stripe's own
    schedule has it (STRIPE.md 4.6). `after_retries` is one of AFTER_RETRIES. Raises ValueError for anything else.
    """

    retries: tuple[int, ...] = (1, 1, 2, 2, 2, 2, 2, 2)
    after_retries: str = "cancel"

    def __post_init__(self) -> None:
        if self.after_retries not in AFTER_RETRIES:
            raise ValueError(f"After the last retry: use {', '.join(AFTER_RETRIES[:-1])} or {AFTER_RETRIES[-1]}.")
        if not all(isinstance(days, int) and days >= 1 for days in self.retries):
            raise ValueError("Retries are a list of days, each at least 1, such as 1,3,5.")


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
    billing: Billing = Billing()


def known_methods(names: list[str]) -> tuple[str, ...]:
    """The names in Stripe's order; ValueError for an unknown one."""
    if unknown := set(names) - set(KNOWN_METHODS):
        raise ValueError(f"Unknown payment method type {', '.join(sorted(unknown))}: use {' or '.join(KNOWN_METHODS)}.")
    return tuple(name for name in KNOWN_METHODS if name in names)
