"""Dunning: what follows when an invoice could not be collected, and when it is tried again."""

from sandbox import events
from sandbox.engine.agenda import DAY
from sandbox.resources.invoices import lifecycle
from sandbox.resources.subscriptions import activation, dunning
from sandbox.work import Object, Work


def failed(work: Work, invoice: Object, *, automatic: bool, needs_customer: bool = False) -> None:
    """A try has failed; `needs_customer`: because the bank wants to see them."""
    counts = automatic or not invoice["attempted"]
    if counts:
        _count(work, invoice)
    events.emit(work, "invoice.payment_failed", invoice)
    if needs_customer:
        events.emit(work, "invoice.payment_action_required", invoice)
    _follow(work, invoice, last=counts and invoice["next_payment_attempt"] is None)


def not_charged(work: Work, invoice: Object, *, told: bool) -> None:
    """A try of the schedule found nothing to charge. It counts all the same; `told`: an event says that it failed."""
    _count(work, invoice)
    if told:
        events.emit(work, "invoice.payment_failed", invoice)
    _follow(work, invoice, last=invoice["next_payment_attempt"] is None)


def _count(work: Work, invoice: Object) -> None:
    """Any first try counts, and after it those of the schedule alone; each says when the next one is."""
    tries = invoice["attempt_count"] + 1
    following = _next(work, tries) if is_retried(work, invoice) else None
    events.change(work, "invoice.updated", invoice, attempt_count=tries, attempted=True, next_payment_attempt=following)


def _next(work: Work, tries: int) -> int | None:
    retries = work.sandbox.billing.retries
    return work.now + retries[tries - 1] * DAY if tries <= len(retries) else None


def _follow(work: Work, invoice: Object, *, last: bool) -> None:
    subscription = lifecycle.subscription_of(work, invoice)
    if subscription is None:
        return
    activation.payment_failed(work, subscription, invoice)
    if last and is_retried(work, invoice):
        dunning.give_up(work, subscription)


def is_retried(work: Work, invoice: Object) -> bool:
    """Whether the schedule applies.

    Not to an invoice that goes on only by requests, nor where something waits 23 hours for the payment: a subscription
    to begin, or an update to come into force.
    """
    subscription = lifecycle.subscription_of(work, invoice)
    waits = subscription and (subscription["status"] == "incomplete" or subscription["pending_update"])
    return bool(invoice["auto_advance"]) and not waits
