"""Pausing a subscription, which stops its periods and invoices; pausing its collection alone does not."""

from sandbox import events
from sandbox.work import Object, Work


def pause(work: Work, subscription: Object, reason: str) -> Object:
    """Stop it until it is resumed: no invoices, no periods. What is owed already stays collectible.

    The period ends with the pause (STRIPE.md 4.7). `reason` is a type of `status_details.paused.subscription`.
    """
    items = subscription["items"]["data"]
    ended = [{**item, "current_period_end": min(item["current_period_end"], work.now)} for item in items]
    previous = events.apply(
        subscription,
        {
            "items": {**subscription["items"], "data": ended},
            "status": "paused",
            "status_details": {
                "paused": {"subscription": {"type": reason}, "transitioned_at": work.now, "type": "subscription"}
            },
        },
    )
    work.save(subscription)
    events.emit(work, "customer.subscription.paused", subscription)
    events.emit(work, "customer.subscription.updated", subscription, previous)
    return subscription


def collect_again(work: Work, subscription: Object) -> None:
    """The time that `pause_collection` was set to has come. Invoices made meanwhile stay as they are."""
    events.change(work, "customer.subscription.updated", subscription, pause_collection=None)
