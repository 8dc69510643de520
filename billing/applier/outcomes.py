"""What came of an event, counted and logged once it is committed."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from billing.metrics import EVENTS
from billing.mirror import SUBSCRIBED_EVENTS
from billing.tables import EventStatus, StripeEvent

log = structlog.get_logger()

OTHER = "other"
OUTCOMES = {
    EventStatus.APPLIED: "applied",
    EventStatus.SKIPPED: "skipped",
    EventStatus.FAILED: "failed",
    EventStatus.RECEIVED: "retried",
    None: "postponed",
}
# Where something went wrong, whoever knows what has logged it.
LINES = {each: f"event {each}" for each in ("applied", "skipped", "postponed")}


def tell(event: StripeEvent, values: Mapping[str, Any], rows: Iterable[str]) -> None:
    """`values` is what was written on the event, `rows` what was written because of it."""
    outcome = OUTCOMES[values.get("status")]
    # Its type is Stripe's word, and Stripe has hundreds; what nobody subscribed to is counted together.
    EVENTS.labels(event.type if event.type in SUBSCRIBED_EVENTS else OTHER, outcome).inc()
    if outcome in LINES:
        about = {"type": event.type, "object": event.object_stripe_id, "attempts": event.attempts}
        reason = {"reason": values["error"]} if values.get("error") else {}
        log.info(LINES[outcome], stripe_event=event.stripe_id, **about, rows=list(rows), **reason)
