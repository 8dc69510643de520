"""Renewals: a subscription enters its next period, and an invoice asks for it."""

from copy import deepcopy
from typing import Any

from sandbox import events
from sandbox.engine import agenda
from sandbox.resources.invoices import building, preview, waiting
from sandbox.resources.subscriptions import renewing, settling
from sandbox.work import Object, Work


def announce(work: Work, subscription: Object) -> None:
    """Tell what the next invoice will be."""
    events.emit(work, "invoice.upcoming", preview.upcoming(work, subscription["id"]))


def renew(work: Work, subscription: Object, **changes: Any) -> Object:
    """Begin the next period; the draft of its invoice. `changes` are what else becomes of the subscription by it.

    The subscription is told of before the invoice (STRIPE.md 5.2). The invoice of an unpaid one stays a draft, as does
    what `pause_collection` keeps.
    """
    before = deepcopy(subscription)
    invoice = renewing.draw(work, subscription, agenda.period_end(subscription))
    goes_on = subscription["status"] != "unpaid" and not subscription["pause_collection"]
    invoice.update(auto_advance=goes_on, **waiting.schedule(work, invoice, auto_advance=goes_on))
    subscription.update(changes, latest_invoice=invoice["id"])
    before = _tell(work, subscription, before)
    building.issue(work, invoice, subscription)
    _tell(work, subscription, before)
    settling.give_up_if_paused(work, subscription, invoice)
    return invoice


def _tell(work: Work, subscription: Object, before: Object) -> Object:
    """Tell of what has changed, if anything has; the subscription as it is now, to compare with later."""
    if previous := events.difference(before, subscription):
        events.emit(work, "customer.subscription.updated", work.save(subscription), previous)
    return deepcopy(subscription)
