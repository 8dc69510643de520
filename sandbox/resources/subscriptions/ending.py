"""How subscriptions end: at once, at a set time, or because they never began."""

from typing import Any

from sandbox import events
from sandbox.errors import ResourceMissing
from sandbox.resources.invoices import lifecycle
from sandbox.work import Object, Work

ENDED = ("canceled", "incomplete_expired")
WINDOW = 23 * 3600
"""Seconds that the first invoice may stay unpaid."""


def cancel(work: Work, subscription: Object, details: dict[str, Any]) -> Object:
    """End it now. What was invoiced stays owed, but is not collected any more."""
    if subscription["status"] in ENDED:
        raise ResourceMissing("subscription", subscription["id"])
    for invoice in open_invoices(work, subscription):
        events.change(work, "invoice.updated", invoice, auto_advance=False, next_payment_attempt=None)
    subscription.update(
        canceled_at=subscription["canceled_at"] or work.now,
        cancellation_details={**subscription["cancellation_details"], **details},
        ended_at=work.now,
        status="canceled",
    )
    events.emit(work, "customer.subscription.deleted", work.save(subscription))
    return subscription


def cancel_overdue(work: Work) -> None:
    """End the subscriptions whose set time has come."""
    for subscription in _overdue(work, "json_extract(body, '$.cancel_at') <= ?", work.now):
        if subscription["status"] not in (*ENDED, "incomplete"):
            cancel(work, subscription, {})


def expire_overdue(work: Work) -> None:
    """Give up subscriptions that were not paid within the window; their first invoice is voided."""
    for subscription in _overdue(
        work, "json_extract(body, '$.status') = 'incomplete' AND created <= ?", work.now - WINDOW
    ):
        lifecycle.void(work, work.get("invoice", subscription["latest_invoice"]))


def open_invoices(work: Work, subscription: Object) -> list[Object]:
    """What a subscription still asks for."""
    where = {"parent.subscription_details.subscription": subscription["id"], "customer": subscription["customer"]}
    return [each for each in work.select("invoice", where) if each["status"] in ("draft", "open")]


def _overdue(work: Work, condition: str, moment: int) -> list[Object]:
    return work.select("subscription", {}, f"AND {condition}", (moment,))
