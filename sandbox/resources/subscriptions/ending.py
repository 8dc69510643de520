"""How subscriptions end: at once, at a set time, or because they never began."""

from typing import Any

from sandbox import events
from sandbox.engine.agenda import ENDED
from sandbox.errors import ResourceMissing
from sandbox.resources.invoices import lifecycle
from sandbox.work import Object, Work

STOPPED: dict[str, Any] = {"auto_advance": False, "automatically_finalizes_at": None, "next_payment_attempt": None}
"""The fields of an invoice that does not go on by itself any more."""


def cancel(work: Work, subscription: Object, details: dict[str, Any] | None = None) -> Object:
    """End it now. What was invoiced stays owed, but is not collected any more."""
    if subscription["status"] in ENDED:
        raise ResourceMissing("subscription", subscription["id"])
    for invoice in open_invoices(work, subscription):
        events.change(work, "invoice.updated", invoice, **STOPPED)
    subscription.update(
        canceled_at=subscription["canceled_at"] or work.now,
        cancellation_details={**subscription["cancellation_details"], **(details or {})},
        ended_at=work.now,
        pending_update=None,
        status="canceled",
    )
    events.emit(work, "customer.subscription.deleted", work.save(subscription))
    return subscription


def give_up(work: Work, subscription: Object) -> None:
    """End one that was not paid within the window; its first invoice is voided."""
    lifecycle.void(work, work.get("invoice", subscription["latest_invoice"]))


def open_invoices(work: Work, subscription: Object) -> list[Object]:
    """What a subscription still asks for."""
    where = {"parent.subscription_details.subscription": subscription["id"], "customer": subscription["customer"]}
    return [each for each in work.select("invoice", where) if each["status"] in ("draft", "open")]
