"""What an invoice will be, before it is made: the making itself, taken back."""

from typing import Any

from sandbox.engine.agenda import ENDED, HOUR, period_end
from sandbox.errors import InvalidRequest, ResourceMissing
from sandbox.resources import discounts
from sandbox.resources.invoice_items import items as invoice_items
from sandbox.resources.invoices import balances
from sandbox.resources.subscriptions import (
    canceling,
    changing,
    creating,
    pending_updates,
    renewing,
    resuming,
    settings,
    updating,
)
from sandbox.wire.params import Params
from sandbox.work import Object, Work


class NothingUpcoming(ResourceMissing):
    """There will be no next invoice."""

    def __init__(self, customer: str) -> None:
        InvalidRequest.__init__(self, f"No upcoming invoices for customer: '{customer}'", code="invoice_upcoming_none")


def create_preview(work: Work, params: Params) -> Object:
    """POST /v1/invoices/create_preview: the next invoice of a subscription, after a change, or of a new one.

    With a change that is billed at once it is the invoice of that; otherwise that of the next renewal.
    """
    recurring = params.get("preview_mode", "next") == "recurring"
    with work.undone():
        if "subscription" in params:
            return _of_existing(work, params, recurring=recurring)
        if "items" in (params.get("subscription_details") or {}):
            return _of_new(work, params, recurring=recurring)
    raise InvalidRequest(
        "Send `subscription`, or `customer` with `subscription_details[items]`.",
        code="parameter_missing",
        param="subscription",
    )


def upcoming(work: Work, id: str) -> Object:
    """The renewal of the subscription of that id. Raises NothingUpcoming."""
    with work.undone():
        return _upcoming(work, work.get("subscription", id), recurring=False)


def _of_existing(work: Work, params: Params, *, recurring: bool) -> Object:
    subscription = work.get("subscription", params.get("subscription"), "subscription")
    if params.get("customer", subscription["customer"]) != subscription["customer"]:
        raise InvalidRequest("The subscription belongs to another customer.", param="customer")
    if subscription["status"] in ENDED:
        raise NothingUpcoming(subscription["customer"])
    details = params.nested("subscription_details")
    if "automatic_tax" in params:
        customer = work.get("customer", subscription["customer"])
        subscription["automatic_tax"] = settings.automatic_tax(customer, params)
    pending_updates.replace(work, subscription)  # another change or the renewal comes: either drops it
    subscription.update(updating.end_settings(work, subscription, details))
    changing.set_discounts(work, subscription, params)
    _add_items(work, subscription, params)
    if details.get("cancel_now", False):
        prorate = details.get("proration_behavior", "create_prorations") != "none"
        at = changing.proration_date(work, subscription, details)
        return _shown(canceling.draw_final(work, subscription, at, prorate=prorate))
    if details.get("resume_at") == "now":
        resumed = resuming.draw(work, subscription, details)
        return _shown(resumed) if resumed else _upcoming(work, subscription, recurring=recurring)
    made = changing.carry_out(work, subscription, details)
    if made.invoice and not recurring:
        made.invoice["parent"]["subscription_details"]["subscription_proration_date"] = made.at
        return _shown(made.invoice)
    return _upcoming(work, subscription, recurring=recurring)


def _of_new(work: Work, params: Params, *, recurring: bool) -> Object:
    customer = work.get("customer", params.filled("customer"), "customer")
    asked = params.merged("subscription_details", "automatic_tax", "currency", "discounts")
    begun = creating.begin(work, customer, asked, add=lambda made: _add_items(work, made, params))
    if recurring:
        return _upcoming(work, begun.subscription, recurring=True)
    return _shown(begun.invoice)


def _add_items(work: Work, subscription: Object, params: Params) -> None:
    for index, each in enumerate(params.each("invoice_items")):
        invoice_items.add_priced(work, subscription, each, f"invoice_items[{index}]")


def _upcoming(work: Work, subscription: Object, *, recurring: bool) -> Object:
    """The renewal, run at its own time; what recurs of it is without what waits and what is for one invoice only."""
    due, ends = period_end(subscription), subscription["cancel_at"]
    work.now = due if ends is None else min(due, ends)
    if ends is not None and ends <= due:
        invoice = canceling.draw_last(work, subscription)
        if invoice is None or recurring:
            raise NothingUpcoming(subscription["customer"])
        return _shown(invoice, billing_reason="upcoming", period_end=ends)
    if recurring:
        for owner in (subscription, *subscription["items"]["data"]):
            owner["discounts"] = [id for id in owner["discounts"] if not discounts.is_once(work, id)]
    invoice = renewing.draw(work, subscription, due, extras=not recurring)
    return _shown(invoice, billing_reason="upcoming", next_payment_attempt=due + HOUR)


def _shown(invoice: Object, **fields: Any) -> Object:
    """A drawn invoice as a preview of it."""
    invoice.update(fields, id=invoice["id"].replace("in_", "upcoming_in_"), ending_balance=balances.ending(invoice))
    for line in invoice["lines"]["data"]:
        line["invoice"] = invoice["id"]
    invoice["lines"]["url"] = f"/v1/invoices/{invoice['id']}/lines"
    return invoice
