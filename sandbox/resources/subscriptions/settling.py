"""The invoice that a change makes at once: finalized, and paid or not as `payment_behavior` says."""

from sandbox import events
from sandbox.resources.invoices import collecting, lifecycle
from sandbox.work import Object, Work


def method_for(work: Work, subscription: Object, invoice: Object, behavior: str) -> Object | None:
    """What is to be charged. Raises InvalidRequest if it would be charged at once and there is no such method."""
    customer = work.get("customer", subscription["customer"])
    id = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    if id is None and invoice["amount_due"] and behavior != "default_incomplete":
        raise collecting.no_method(customer)
    return work.get("payment_method", id) if id else None


def settle(work: Work, subscription: Object, invoice: Object, behavior: str, method: Object | None) -> None:
    """Finalize the invoice and try to collect it, unless the customer is to pay it by their own hand.

    Unpaid, it makes an active subscription past_due. Raises PaymentDeclined with `error_if_incomplete`, after which
    nothing of the whole request stays.
    """
    if subscription["pause_collection"]:
        give_up_if_paused(work, subscription, invoice)
        return
    lifecycle.finalize(work, invoice, method["id"] if method else None)
    if invoice["status"] == "open" and behavior != "default_incomplete" and method:
        refusal = collecting.collect(work, invoice, method)
        if refusal and behavior == "error_if_incomplete":
            refusal.kept = False
            raise refusal


def leave_unpaid(work: Work, subscription: Object, invoice: Object) -> None:
    """An update that is in force but not paid makes an active subscription past_due."""
    if invoice["status"] == "open" and subscription["status"] == "active" and not subscription["pending_update"]:
        events.change(work, "customer.subscription.updated", subscription, status="past_due")


def give_up_if_paused(work: Work, subscription: Object, invoice: Object) -> None:
    """What `pause_collection` does to an invoice made meanwhile: at once, with no hour as a draft."""
    behavior = (subscription["pause_collection"] or {}).get("behavior", "keep_as_draft")
    if behavior == "keep_as_draft":
        return
    lifecycle.finalize(work, invoice)
    if invoice["status"] == "open" and behavior == "void":
        lifecycle.void(work, invoice)
    elif invoice["status"] == "open":
        lifecycle.write_off(work, invoice, "subscription_paused")
