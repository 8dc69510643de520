"""Setup sessions: Stripe Checkout in setup mode, only with an active consent to current terms."""

from billing.setup_sessions.creating import CREATE, Wish, create
from billing.setup_sessions.expiring import EXPIRE, expire, expiry
from billing.setup_sessions.reading import get

__all__ = ["CREATE", "EXPIRE", "Wish", "create", "expire", "expiry", "get"]
