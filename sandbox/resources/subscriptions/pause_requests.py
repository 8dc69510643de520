"""Pausing a subscription over the API (STRIPE.md 4.7)."""

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.resources.invoices import building
from sandbox.resources.subscriptions import canceling, pausing, settling
from sandbox.resources.subscriptions.prorating import amounts
from sandbox.wire.params import Params
from sandbox.work import Object, Work

PAUSABLE = ("active", "past_due", "unpaid")


def pause(work: Work, id: str, params: Params) -> Object:
    """POST /v1/subscriptions/{subscription}/pause.

    The time that is left of the period is given back, from now on or as `bill_for` says: as items that wait for the
    next invoice, or on an invoice at once with `invoicing_behavior=invoice`.
    """
    subscription = work.get("subscription", id)
    params.get("type", "subscription")  # there is no other yet
    _check(subscription)
    given_back = _give_back(work, subscription, params.nested("bill_for"))
    pausing.pause(work, subscription, "pause_requested")
    for item in given_back:
        events.emit(work, "invoiceitem.created", item)
    if params.get("invoicing_behavior", "pending_invoice_item") == "invoice":
        _bill(work, subscription)
    return subscription


def _check(subscription: Object) -> None:
    if amounts.is_classic(subscription):
        raise InvalidRequest("Only subscriptions with billing_mode[type]=flexible can be paused.")
    if subscription["status"] not in PAUSABLE:
        raise InvalidRequest(f"A subscription that is {subscription['status']} cannot be paused.")


def _give_back(work: Work, subscription: Object, bill_for: Params) -> list[Object]:
    since = bill_for.nested("unused_time_from").get("type", "now")
    bill_for.nested("outstanding_usage_through").get("type")  # this sandbox has no metered prices
    if since == "none":
        return []
    starts = [item["current_period_start"] for item in subscription["items"]["data"]]
    return canceling.give_back(work, subscription, work.now if since == "now" else min(starts))


def _bill(work: Work, subscription: Object) -> None:
    invoice = building.draw(work, subscription, "subscription_update", [])
    if invoice["lines"]["data"]:
        building.issue(work, invoice, subscription)
        method = settling.method_for(work, subscription, invoice, "default_incomplete")
        settling.settle(work, subscription, invoice, "allow_incomplete", method)
