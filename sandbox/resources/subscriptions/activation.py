"""What the fate of an invoice means for its subscription."""

from copy import deepcopy
from typing import Any

from sandbox import events
from sandbox.resources import discounts
from sandbox.resources.subscriptions import resumption
from sandbox.work import Object, Work


def invoice_paid(work: Work, subscription: Object, invoice: Object) -> None:
    """Paying the latest invoice brings a subscription into good standing."""
    if _asks_for_update(work, subscription, invoice):
        _apply_update(work, subscription)
    resumption.paid(work, subscription, invoice)
    if not _settles(work, subscription, invoice):
        return
    changes: dict[str, Any] = {"status": "active"}
    if subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        changes["default_payment_method"] = _method_of(work, invoice) or subscription["default_payment_method"]
    events.change(work, "customer.subscription.updated", subscription, **changes)


def invoice_written_off(work: Work, subscription: Object, invoice: Object) -> None:
    """Waiving the latest invoice does the same for one that is past due, or waits to go on (STRIPE.md 4.3)."""
    resumption.paid(work, subscription, invoice)
    if subscription["status"] == "past_due" and _settles(work, subscription, invoice):
        events.change(work, "customer.subscription.updated", subscription, status="active")


def payment_failed(work: Work, subscription: Object, invoice: Object) -> None:
    """A subscription whose latest finalized invoice could not be collected is past due.

    The invoice of an update that waits for its payment changes nothing if it is not paid.
    """
    resumption.attempted(work, subscription, invoice)
    waits = subscription["pending_update"]
    if subscription["status"] == "active" and not waits and is_latest(work, subscription, invoice):
        events.change(work, "customer.subscription.updated", subscription, status="past_due")


def is_latest(work: Work, subscription: Object, invoice: Object) -> bool:
    """Whether no later invoice of the subscription has been finalized; a draft says nothing yet."""
    if subscription["latest_invoice"] == invoice["id"]:
        return True
    where = {"customer": subscription["customer"], "parent.subscription_details.subscription": subscription["id"]}
    finalized = (each for each in work.select("invoice", where) if each["status"] != "draft")
    return bool(next(finalized, invoice)["id"] == invoice["id"])


def _settles(work: Work, subscription: Object, invoice: Object) -> bool:
    """Whether this invoice is the one that the subscription is in arrears with.

    One that is unpaid has later invoices as drafts, and Stripe wants the very latest paid.
    """
    if subscription["status"] == "past_due":
        return is_latest(work, subscription, invoice)
    return subscription["status"] in ("incomplete", "unpaid") and subscription["latest_invoice"] == invoice["id"]


def first_invoice_given_up(work: Work, subscription: Object, invoice: Object) -> None:
    """A subscription that never began does not begin any more."""
    if subscription["status"] == "incomplete" and invoice["billing_reason"] == "subscription_create":
        events.change(
            work, "customer.subscription.updated", subscription, ended_at=work.now, status="incomplete_expired"
        )


def invoice_voided(work: Work, subscription: Object, invoice: Object) -> None:
    """An update or a resumption that waited for this invoice to be paid is dropped."""
    resumption.given_up(work, subscription, invoice)
    if not _asks_for_update(work, subscription, invoice):
        return
    after = {**subscription, **work.secret(subscription["id"])["pending"]["after"]}
    discounts.remove(work, discounts.of_all(after) - discounts.of_all(subscription))
    events.change(work, "customer.subscription.updated", subscription, pending_update=None)
    events.emit(work, "customer.subscription.pending_update_expired", subscription)


def _asks_for_update(work: Work, subscription: Object, invoice: Object) -> bool:
    """Whether this is the invoice that a pending update waits for."""
    if not subscription["pending_update"]:
        return False
    return bool(work.secret(subscription["id"])["pending"]["invoice"] == invoice["id"])


def _apply_update(work: Work, subscription: Object) -> None:
    """The update that waited for this payment comes into force."""
    pending = work.secret(subscription["id"])["pending"]
    before = deepcopy(subscription)
    subscription.update(pending["after"], pending_update=None)
    for owner in (subscription, *subscription["items"]["data"]):
        owner["discounts"] = [id for id in owner["discounts"] if id not in pending["spent"]]
    discounts.remove(work, discounts.of_all(before) - discounts.of_all(subscription) | set(pending["spent"]))
    previous = events.difference(before, subscription)
    events.emit(work, "customer.subscription.updated", work.save(subscription), previous)
    events.emit(work, "customer.subscription.pending_update_applied", subscription)


def _method_of(work: Work, invoice: Object) -> str | None:
    for payment in work.select("invoice_payment", {"invoice": invoice["id"], "status": "paid"}):
        return str(work.get("payment_intent", payment["payment"]["payment_intent"])["payment_method"])
    return None
