"""Ending a subscription over the API, and what is given back and billed with that."""

from sandbox import events
from sandbox.engine.agenda import ENDED
from sandbox.errors import ResourceMissing
from sandbox.resources.invoice_items import items as invoice_items
from sandbox.resources.invoices import building, waiting
from sandbox.resources.subscriptions import changing, ending, settling
from sandbox.resources.subscriptions.prorating import amounts
from sandbox.wire.params import Params
from sandbox.work import Object, Work


def cancel(work: Work, id: str, params: Params) -> Object:
    """DELETE /v1/subscriptions/{subscription}.

    With `prorate` the time that is left is given back as invoice items; with `invoice_now` what waits is billed at
    once, otherwise it stays for the customer's next invoice. With neither, prorations that wait are dropped.
    """
    subscription = work.get("subscription", id)
    prorate, invoice_now = params.get("prorate", False), params.get("invoice_now", False)
    details = {"reason": "cancellation_requested", **(params.get("cancellation_details") or {})}
    if subscription["status"] in ENDED:
        raise ResourceMissing("subscription", id)
    given_back = give_back(work, subscription, work.now) if prorate else []
    ending.cancel(work, subscription, details)
    for item in given_back:
        events.emit(work, "invoiceitem.created", item)
    if invoice_now:
        _bill_now(work, subscription)
    elif not prorate:
        _drop_prorations(work, subscription)
    return subscription


def end(work: Work, subscription: Object) -> None:
    """The moment has come that was set for its end. Prorations that still wait are billed with the end of the period.

    Stripe, "Cancel a subscription": set to end with the period, they stay and are collected then.
    """
    last = draw_last(work, subscription)
    ending.cancel(work, subscription)
    if last:
        last.update(waiting.schedule(work, last, auto_advance=True))
        building.issue(work, last, subscription)


def draw_last(work: Work, subscription: Object) -> Object | None:
    """The invoice with which it ends at the set time; None if no prorations wait for one."""
    if not any(item["proration"] for item in invoice_items.waiting(work, subscription)):
        return None
    return building.draw(work, subscription, "subscription_cycle", [])


def give_back(work: Work, subscription: Object, at: int) -> list[Object]:
    """The credits for what is left of each item's period, as invoice items, stored without an event."""
    if subscription["status"] not in changing.BILLED:
        return []
    return [
        made
        for item in subscription["items"]["data"]
        for made in amounts.credit(work, subscription, item, min(at, item["current_period_end"]))
    ]


def draw_final(work: Work, subscription: Object, at: int, *, prorate: bool) -> Object:
    """The invoice with which it would end now (`invoice_now`), not stored."""
    if prorate:
        give_back(work, subscription, at)
    return building.draw(work, subscription, "subscription_update", [])


def _bill_now(work: Work, subscription: Object) -> None:
    """A last invoice of what waits, if anything does, collected at once."""
    invoice = building.draw(work, subscription, "subscription_update", [])
    if invoice["lines"]["data"]:
        building.issue(work, invoice, subscription)
        method = settling.method_for(work, subscription, invoice, "default_incomplete")
        settling.settle(work, subscription, invoice, "allow_incomplete", method)


def _drop_prorations(work: Work, subscription: Object) -> None:
    """Ended at once with neither `invoice_now` nor `prorate`, what waited for it is not billed any more."""
    for item in invoice_items.waiting(work, subscription):
        if item["proration"]:
            work.delete(item)
            events.emit(work, "invoiceitem.deleted", item)
