"""A call to Stripe, watched: how long, to which endpoint, what came of it. Never for whom."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from billing import tracing
from billing.endpoints import endpoint
from billing.metrics import STRIPE_SECONDS

log = structlog.get_logger()

# By the class of what was raised.
OUTCOMES = {
    "Declined": "declined",
    "StripeRejected": "refused",
    "StripeUnavailable": "unavailable",
    "IdempotencyFault": "idempotency_fault",
}


@dataclass
class Call:
    """One call under way. `request_id` is Stripe's, by which its Dashboard and its support find the call."""

    started: float = field(default_factory=time.monotonic)
    request_id: str | None = None

    @property
    def seconds(self) -> float:
        """Since it was sent."""
        return time.monotonic() - self.started


@contextmanager
def observed(method: str, path: str) -> Iterator[Call]:
    """Counts and logs what happens within."""
    call, where, outcome = Call(), endpoint(path), "ok"
    with tracing.span(f"stripe {method} {where}") as span:
        try:
            yield call
        except BaseException as error:
            outcome = OUTCOMES.get(type(error).__name__, "failed")
            raise
        finally:
            seconds, told = call.seconds, call.request_id or ""
            STRIPE_SECONDS.labels(method, where, outcome).observe(seconds)
            span.set_attributes({"stripe.request_id": told, "assent.outcome": outcome})
            log.info(
                "stripe call",
                method=method,
                endpoint=where,
                outcome=outcome,
                stripe_request=told,
                milliseconds=round(seconds * 1000, 1),
            )
