"""Resuming a paused subscription over the API (STRIPE.md 4.7)."""

from copy import deepcopy
from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.resources.invoices import building, collecting, lifecycle
from sandbox.resources.subscriptions import item_changes, periods, resumption
from sandbox.resources.subscriptions.prorating import amounts
from sandbox.wire.params import Params
from sandbox.work import Object, Work

CHANGED = ("billing_cycle_anchor", "items")
"""What a resumption changes beside the status."""


def resume(work: Work, id: str, params: Params) -> Object:
    """POST /v1/subscriptions/{subscription}/resume.

    It goes on at once if there is nothing to pay. Otherwise the invoice is finalized, and the subscription stays paused
    until it is paid; with `resume_on_payment_attempt`, the default, until somebody tries to.
    """
    subscription = work.get("subscription", id)
    _check(work, subscription)
    behavior = params.get("payment_behavior", "resume_on_payment_attempt")
    before = deepcopy(subscription)
    invoice = draw(work, subscription, params)
    after = {name: subscription[name] for name in CHANGED}
    subscription.update({name: before[name] for name in CHANGED})
    if invoice is None:
        resumption.go_on(work, subscription, **after, status="active")
        return subscription
    invoice["auto_advance"] = behavior == "resume_on_payment_success"
    resumption.begin(work, subscription, invoice, behavior, after)
    building.issue(work, invoice, subscription)
    lifecycle.finalize(work, invoice)
    if invoice["status"] == "open":
        _tell_of_invoice(work, subscription, before)
    if invoice["status"] == "open" and invoice["auto_advance"]:
        collecting.retry(work, invoice)
    return subscription


def draw(work: Work, subscription: Object, params: Params) -> Object | None:
    """Put the subscription into the period in which it goes on, and draw the invoice that is due for it, if one is.

    The subscription is changed in place and not stored. By default its cycle begins anew; `billing_cycle_anchor`
    `unchanged` keeps it, and the rest of the period is prorated.
    """
    items = subscription["items"]["data"]
    if params.nested("billing_cycle_anchor").get("type", "now") == "now":
        params.given("proration_behavior", "proration_date")
        subscription["billing_cycle_anchor"] = work.now
        for item in items:
            item_changes.restart(subscription, item, work.now)
        return building.draw(work, subscription, "subscription_update", items)
    behavior = params.get("proration_behavior", "create_prorations")
    at = params.get("proration_date", work.now)
    for item in items:
        item.update(
            current_period_start=periods.beginning(subscription, item, work.now),
            current_period_end=periods.following(subscription, item, work.now),
        )
    _charge_rest(work, subscription, at, behavior)
    if behavior != "always_invoice":
        return None
    invoice = building.draw(work, subscription, "subscription_update", [])
    return invoice if invoice["lines"]["data"] else None


def lapse(work: Work, record: Object) -> None:
    """The invoice was not tried to be paid in time: it is void. One that was is retried or waits for its customer."""
    invoice = work.get("invoice", record["invoice"])
    record["expires_at"] = None
    work.save(record)
    if invoice["status"] == "open" and not invoice["attempted"]:
        lifecycle.void(work, invoice)


def _charge_rest(work: Work, subscription: Object, at: int, behavior: str) -> None:
    if behavior == "none":
        return
    for item in subscription["items"]["data"]:
        for made in amounts.charge(work, subscription, item, at, once=behavior == "always_invoice"):
            events.emit(work, "invoiceitem.created", made)


def _tell_of_invoice(work: Work, subscription: Object, before: Object) -> None:
    previous: dict[str, Any] = events.difference(before, subscription)
    if previous:
        events.emit(work, "customer.subscription.updated", work.save(subscription), previous)


def _check(work: Work, subscription: Object) -> None:
    if subscription["status"] != "paused":
        raise InvalidRequest(f"Only a paused subscription can be resumed; this one is {subscription['status']}.")
    for record in work.select(resumption.KIND_OF_RECORD, {"subscription": subscription["id"]}):
        raise InvalidRequest(
            f"This subscription is being resumed already. Pay the invoice {record['invoice']}, or void it first."
        )
