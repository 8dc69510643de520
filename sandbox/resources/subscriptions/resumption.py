"""A resumption under way: a paused subscription, the invoice that it waits for, and what it becomes then."""

from typing import Any

from sandbox import events
from sandbox.engine.agenda import FIRST_PAYMENT
from sandbox.ids import new_id
from sandbox.work import Object, Work

KIND_OF_RECORD = "sandbox.resumption"
"""Kept as an object of the sandbox's own: Stripe shows nothing of it but the paused subscription and the invoice."""


def begin(work: Work, subscription: Object, invoice: Object, behavior: str, after: dict[str, Any]) -> Object:
    """Wait for the invoice. `after` are the fields that the subscription has once it goes on."""
    return work.add(
        {
            "id": new_id("resumption"),
            "object": KIND_OF_RECORD,
            "after": after,
            "behavior": behavior,
            "expires_at": work.now + FIRST_PAYMENT,
            "invoice": invoice["id"],
            "subscription": subscription["id"],
        }
    )


def of(work: Work, subscription: Object, invoice: Object) -> Object | None:
    """The resumption that waits for this invoice, if one does."""
    if subscription["status"] != "paused":
        return None
    return next(iter(work.select(KIND_OF_RECORD, {"invoice": invoice["id"]})), None)


def paid(work: Work, subscription: Object, invoice: Object) -> None:
    """The invoice was paid, or is waived: the subscription goes on."""
    if record := of(work, subscription, invoice):
        work.delete(record)
        go_on(work, subscription, **record["after"], status="active")


def attempted(work: Work, subscription: Object, invoice: Object) -> None:
    """The invoice could not be paid. Whether the subscription goes on all the same was said when it was resumed."""
    record = of(work, subscription, invoice)
    if record and record["behavior"] == "resume_on_payment_attempt":
        work.delete(record)
        go_on(work, subscription, **record["after"], status="past_due")


def given_up(work: Work, subscription: Object, invoice: Object) -> None:
    """The invoice is void: the subscription stays paused."""
    if record := of(work, subscription, invoice):
        work.delete(record)


def go_on(work: Work, subscription: Object, **changes: Any) -> None:
    """End the pause, and tell."""
    previous = events.apply(subscription, {**changes, "status_details": None})
    work.save(subscription)
    events.emit(work, "customer.subscription.resumed", subscription)
    events.emit(work, "customer.subscription.updated", subscription, previous)
