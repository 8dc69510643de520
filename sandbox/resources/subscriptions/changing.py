"""Changing what a subscription bills, and working out what that costs.

Updates and previews of updates run the same `carry_out`, so that a preview is what the update makes of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.resources import discounts
from sandbox.resources.invoices import building, lines
from sandbox.resources.subscriptions import added_items, item_changes, trials
from sandbox.resources.subscriptions.item_changes import ItemChange
from sandbox.resources.subscriptions.prorating import amounts
from sandbox.wire.pagination import list_of
from sandbox.wire.params import Params
from sandbox.work import Object, Work

BILLED = ("active", "past_due", "unpaid")
MONEY = ("items", "add_invoice_items", "billing_cycle_anchor", "discounts", "trial_end")
"""Parameters that change what is billed."""


@dataclass
class Change:
    """What is to become of a subscription. `at` is the second for which parts of periods are reckoned."""

    items: list[ItemChange]
    at: int
    behavior: str
    restarts: bool
    new_trial_end: int | None = None
    ends_trial: bool = False

    def after(self) -> list[Object]:
        """The items as they will be."""
        return [change.after for change in self.items if change.after]


@dataclass
class Made:
    """What came of it: the invoice that is due at once, drawn and not issued yet, and what waits for an invoice.

    `at` is the second for which parts of periods were reckoned.
    """

    at: int
    invoice: Object | None = None
    waiting: list[Object] = field(default_factory=list)
    spent: set[str] = field(default_factory=set)


def carry_out(work: Work, subscription: Object, params: Params) -> Made:
    """Change the subscription as the parameters say, and draw the invoice that is due at once.

    The subscription is changed in place and not stored, and no event is sent of it; discounts that it lost are still
    to be removed. Raises InvalidRequest.
    """
    change = read(work, subscription, params)
    made = Made(change.at)
    prorates = change.behavior != "none" and subscription["status"] in BILLED
    if prorates:
        made.waiting += _credits(work, subscription, change)
    _apply(work, subscription, change)
    set_discounts(work, subscription, params)
    at_once = change.behavior == "always_invoice"
    if prorates and not change.restarts:
        charged = _charges(work, subscription, change, once=at_once)
        made.spent = _spent(work, charged) if at_once else set()
        made.waiting += charged
    made.waiting += added_items.add(work, subscription, params)
    if change.restarts:
        made.invoice = building.draw(work, subscription, "subscription_update", change.after())
    elif at_once and made.waiting:
        made.invoice = building.draw(work, subscription, "subscription_update", [])
    return made


def read(work: Work, subscription: Object, params: Params) -> Change:
    """The change that the parameters ask for."""
    if subscription["status"] == "incomplete" and any(name in params for name in MONEY):
        raise InvalidRequest(
            "This subscription is incomplete: pay its first invoice before you change what it bills.",
            code="subscription_payment_intent_requires_action",
        )
    if subscription["status"] == "paused" and any(name in params for name in ("billing_cycle_anchor", "trial_end")):
        raise InvalidRequest("This subscription is paused: resume it before you move its billing cycle.")
    changes = item_changes.read(work, subscription, params)
    anchor = params.nested("billing_cycle_anchor").get("type", "unchanged")
    if anchor not in ("now", "unchanged"):
        raise InvalidRequest("This sandbox sets the anchor to `now` or leaves it.", param="billing_cycle_anchor[type]")
    trial_end, ends_trial = trials.wanted(work, subscription, params)
    begins_trial = trial_end is not None and subscription["status"] != "trialing"
    return Change(
        items=changes,
        at=proration_date(work, subscription, params),
        behavior=params.get("proration_behavior", "create_prorations"),
        restarts=anchor == "now" or ends_trial or begins_trial or _restarts(subscription, changes),
        new_trial_end=trial_end,
        ends_trial=ends_trial or (anchor == "now" and subscription["status"] == "trialing" and trial_end is None),
    )


def proration_date(work: Work, subscription: Object, params: Params) -> int:
    """The second for which prorations are reckoned: `proration_date`, which must be in the current period, or now."""
    items = subscription["items"]["data"]
    at = int(params.get("proration_date", work.now))
    start = min(item["current_period_start"] for item in items)
    end = max(item["current_period_end"] for item in items)
    if "proration_date" in params and not start <= at <= end:
        raise InvalidRequest(
            f"Invalid proration_date: it must be within the current period of the subscription, from {start} to {end}.",
            param="proration_date",
        )
    return at


def set_discounts(work: Work, subscription: Object, params: Params) -> None:
    """Give the subscription the discounts that `discounts` asks for, if it was sent; empty takes all away."""
    if "discounts" not in params:
        return
    of = {"customer": subscription["customer"], "subscription": subscription["id"]}
    current = subscription["discounts"]
    wanted = discounts.wanted(work, params, "discounts", current, subscription["currency"], **of)
    order = sum(lines.full(item["price"], item["quantity"]) for item in subscription["items"]["data"])
    for index, id in enumerate(wanted):
        discounts.check_minimum(work, id, order, subscription["currency"], f"discounts[{index}][promotion_code]")
    subscription["discounts"] = wanted


def listed(subscription: Object, items: list[Object]) -> dict[str, Any]:
    """The list of items that a subscription shows."""
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    return {**list_of(items, url), "total_count": len(items)}


def _restarts(subscription: Object, changes: list[ItemChange]) -> bool:
    """Whether the cycle begins anew because all items that stay are billed at another interval than before.

    Classic billing also begins anew when something is paid for the first time.
    """
    if subscription["status"] not in BILLED:
        return False
    stay = [change for change in changes if change.before and change.after]
    if stay and all(change.has_new_interval() for change in stay):
        return True
    before, after = (
        sum(lines.full(item["price"], item["quantity"]) for item in found if item)
        for found in ([change.before for change in changes], [change.after for change in changes])
    )
    return amounts.is_classic(subscription) and before == 0 < after


def _credits(work: Work, subscription: Object, change: Change) -> list[Object]:
    made: list[Object] = []
    for each in change.items:
        if each.before and (change.restarts or each.is_priced_anew()):
            made += amounts.credit(work, subscription, each.before, _within(each.before, change.at))
    return made


def _charges(work: Work, subscription: Object, change: Change, *, once: bool) -> list[Object]:
    made: list[Object] = []
    for each in change.items:
        if each.after and each.is_priced_anew():
            made += amounts.charge(work, subscription, each.after, _within(each.after, change.at), once=once)
    return made


def _within(item: Object, at: int) -> int:
    return int(min(max(at, item["current_period_start"]), item["current_period_end"]))


def _spent(work: Work, charged: Iterable[Object]) -> set[str]:
    return {id for item in charged for id in item["discounts"] if discounts.is_once(work, id)}


def _apply(work: Work, subscription: Object, change: Change) -> None:
    """Put the items, the anchor and the trial in place."""
    after, now = change.after(), work.now
    if change.new_trial_end or change.ends_trial:
        trials.put(subscription, change.new_trial_end, now)
    elif change.restarts:
        subscription["billing_cycle_anchor"] = now
    if not change.restarts:
        current = [each.before for each in change.items if each.before]
        for each in change.items:
            item_changes.place(subscription, each, current, change.at)
    for item in after:
        if change.restarts:
            item_changes.restart(subscription, item, now)
        elif change.new_trial_end:
            item["current_period_end"] = change.new_trial_end
    subscription["items"] = listed(subscription, after)
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = max(item["current_period_end"] for item in after)
