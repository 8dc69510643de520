"""What a running Assent consists of, handed to whatever works outside a single transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.database import Database
from billing.stripe_gateway import StripeGateway


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Runtime:
    """The database, Stripe, and the clock."""

    database: Database
    gateway: StripeGateway
    clock: Callable[[], datetime] = utc_now
