"""What the next invoice of a subscription will be."""

from sandbox.errors import InvalidRequest, ResourceMissing
from sandbox.resources import invoice_items
from sandbox.resources.invoices import building
from sandbox.resources.subscriptions import periods
from sandbox.wire.params import Params
from sandbox.work import Object, Work


class NothingUpcoming(ResourceMissing):
    """There will be no next invoice."""

    def __init__(self, customer: str) -> None:
        InvalidRequest.__init__(self, f"No upcoming invoices for customer: '{customer}'", code="invoice_upcoming_none")


def create_preview(work: Work, params: Params) -> Object:
    """POST /v1/invoices/create_preview, for an existing subscription as it is."""
    if "subscription" not in params:
        raise InvalidRequest(
            "This sandbox previews existing subscriptions only. Send `subscription`.",
            code="parameter_missing",
            param="subscription",
        )
    subscription = work.get("subscription", params.get("subscription"), "subscription")
    if params.get("customer", subscription["customer"]) != subscription["customer"]:
        raise InvalidRequest("The subscription belongs to another customer.", param="customer")
    return _upcoming(work, subscription, recurring_only=params.get("preview_mode") == "recurring")


def _upcoming(work: Work, subscription: Object, *, recurring_only: bool) -> Object:
    items = subscription["items"]["data"]
    due = min(item["current_period_end"] for item in items)
    ends_first = subscription["cancel_at"] is not None and subscription["cancel_at"] <= due
    if ends_first or subscription["status"] in ("canceled", "incomplete_expired"):
        raise NothingUpcoming(subscription["customer"])
    lines = [
        building.line(work, subscription, item, (due, periods.following(subscription, item, due)))
        for item in items
        if item["current_period_end"] == due
    ]
    if not recurring_only:
        lines += [invoice_items.line(item) for item in invoice_items.waiting(work, subscription)]
    invoice = building.draft(work, subscription, "upcoming", lines)
    invoice.update(
        id=invoice["id"].replace("in_", "upcoming_in_"),
        created=due,
        next_payment_attempt=due + 3600,
        period_end=due,
        period_start=min(item["current_period_start"] for item in items),
    )
    building.put_lines(invoice, invoice["lines"]["data"])
    return invoice
