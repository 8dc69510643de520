"""What the fate of an invoice means for its subscription."""

from typing import Any

from sandbox import events
from sandbox.resources import discounts
from sandbox.work import Object, Work

UNPAID = ("incomplete", "past_due", "unpaid")


def invoice_paid(work: Work, subscription: Object, invoice: Object) -> None:
    """Paying the latest invoice brings a subscription into good standing."""
    if subscription["latest_invoice"] == invoice["id"] and subscription["pending_update"]:
        _apply_update(work, subscription)
    if subscription["latest_invoice"] != invoice["id"] or subscription["status"] not in UNPAID:
        return
    changes: dict[str, Any] = {"status": "active"}
    if subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        changes["default_payment_method"] = _method_of(work, invoice) or subscription["default_payment_method"]
    events.change(work, "customer.subscription.updated", subscription, **changes)


def first_invoice_given_up(work: Work, subscription: Object, invoice: Object) -> None:
    """A subscription that never began does not begin any more."""
    if subscription["status"] == "incomplete" and invoice["billing_reason"] == "subscription_create":
        events.change(
            work, "customer.subscription.updated", subscription, ended_at=work.now, status="incomplete_expired"
        )


def invoice_voided(work: Work, subscription: Object, invoice: Object) -> None:
    """An update that waited for this invoice to be paid is dropped."""
    if subscription["latest_invoice"] != invoice["id"] or not subscription["pending_update"]:
        return
    gone = set(work.secret(subscription["id"])["pending"]["discounts"]) - set(subscription["discounts"])
    discounts.remove(work, gone)
    events.change(work, "customer.subscription.updated", subscription, pending_update=None)
    events.emit(work, "customer.subscription.pending_update_expired", subscription)


def _apply_update(work: Work, subscription: Object) -> None:
    """The update that waited for this payment comes into force."""
    after = work.secret(subscription["id"])["pending"]
    events.change(work, "customer.subscription.updated", subscription, **after, pending_update=None)
    events.emit(work, "customer.subscription.pending_update_applied", subscription)


def _method_of(work: Work, invoice: Object) -> str | None:
    for payment in work.select("invoice_payment", {"invoice": invoice["id"], "status": "paid"}):
        return str(work.get("payment_intent", payment["payment"]["payment_intent"])["payment_method"])
    return None
