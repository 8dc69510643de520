"""Updates that wait for their payment: `payment_behavior=pending_if_incomplete`."""

from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.resources.invoices import building, lifecycle
from sandbox.wire.params import Params
from sandbox.work import Object, Work

WINDOW = 23 * 3600
"""Seconds that an update may wait; less if the period or the trial ends before."""
ALLOWED = frozenset(
    (
        "add_invoice_items",
        "billing_cycle_anchor",
        "cancel_at_period_end",
        "discounts",
        "expand",
        "items",
        "off_session",
        "payment_behavior",
        "proration_behavior",
        "proration_date",
        "trial_end",
    )
)
CHANGED = (
    "billing_cycle_anchor",
    "cancel_at",
    "cancel_at_period_end",
    "canceled_at",
    "cancellation_details",
    "discounts",
    "items",
    "status",
    "trial_end",
    "trial_start",
)
"""Fields that such an update may change."""


def check(params: Params, settings: dict[str, Any]) -> None:
    """InvalidRequest if something is to be changed beside that cannot wait for the payment."""
    others = sorted(set(params) - ALLOWED)
    if others or set(settings) - set(CHANGED):
        raise InvalidRequest(
            f"When `payment_behavior` is `pending_if_incomplete`, you may not pass `{', '.join(others)}`. Change it in "
            "a request of its own.",
            param=others[0] if others else None,
        )


def hold(work: Work, subscription: Object, before: Object, invoice: Object, spent: set[str]) -> None:
    """Set the subscription back to how it was, and keep what it is to become. No event yet.

    `invoice` is what is to be paid for it, and `spent` the discounts that are used up when it is.
    """
    after = {name: subscription[name] for name in CHANGED}
    subscription.update({name: before[name] for name in CHANGED})
    anchor = after["billing_cycle_anchor"] if after["billing_cycle_anchor"] != before["billing_cycle_anchor"] else None
    subscription["pending_update"] = {
        "billing_cycle_anchor": anchor,
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": after["discounts"] if after["discounts"] != before["discounts"] else None,
        "expires_at": _expires_at(work, before),
        "metadata": None,
        "subscription_items": after["items"]["data"],
        "trial_end": after["trial_end"] if after["trial_end"] != before["trial_end"] else None,
        "trial_from_plan": None,
    }
    changed = {name: value for name, value in after.items() if value != before[name]}
    pending = {
        "after": changed,
        "invoice": invoice["id"],
        "spent": sorted(building.spent_on(work, invoice) | spent),
    }
    work.keep_secret(subscription["id"], pending=pending)
    work.save(subscription)


def replace(work: Work, subscription: Object) -> None:
    """Give an update up that still waits, because another one comes."""
    if subscription["pending_update"]:
        expire(work, subscription)


def expire(work: Work, subscription: Object) -> None:
    """The update was not paid in time: it is dropped, and its invoice is void."""
    lifecycle.void(work, work.get("invoice", work.secret(subscription["id"])["pending"]["invoice"]))


def _expires_at(work: Work, before: Object) -> int:
    ends = [item["current_period_end"] for item in before["items"]["data"]]
    return int(min([work.now + WINDOW, *(end for end in ends if end > work.now)]))
