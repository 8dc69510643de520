"""Starting a subscription and its first invoice."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.resources import customers, discounts
from sandbox.resources.invoices import building
from sandbox.resources.subscriptions import added_items, changing, items, settling, trials
from sandbox.resources.subscriptions.prorating import amounts
from sandbox.resources.subscriptions.settings import automatic_tax, billing_mode, payment_settings, trial_settings
from sandbox.resources.test_clocks import clocks as test_clocks
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work


class Begun(NamedTuple):
    """A new subscription, stored without an event, and its first invoice, drawn and not issued yet."""

    subscription: Object
    invoice: Object
    spent: set[str]


def create(work: Work, params: Params) -> Object:
    """POST /v1/subscriptions."""
    customer = work.get("customer", params.filled("customer"), "customer")
    test_clocks.admit_subscription(work, customer)
    params.get("off_session", False)  # nobody is asked during this call in either case
    behavior = params.get("payment_behavior", "allow_incomplete")
    if behavior == "pending_if_incomplete":
        raise InvalidRequest("`pending_if_incomplete` is for updates only.", param="payment_behavior")
    subscription, invoice, spent = begin(work, customer, params)
    _schedule_end(subscription, params)
    method = settling.method_for(work, subscription, invoice, behavior)
    subscription["latest_invoice"] = invoice["id"]
    work.save(subscription)
    events.emit(work, "customer.subscription.created", subscription)
    building.issue(work, invoice, subscription, spent=spent)
    settling.settle(work, subscription, invoice, behavior, method)
    trials.tell_if_soon(work, subscription)
    return subscription


def begin(
    work: Work, customer: Object, params: Params, *, add: Callable[[Object], None] = lambda _subscription: None
) -> Begun:
    """Everything up to the first invoice, alike for creations and previews. Raises InvalidRequest.

    `add` may add to what waits for the subscription before the invoice is drawn.
    """
    trial_end = trials.first_end(work, params)
    subscription = _new(work, customer, trial_end)
    subscription.update(_settings(work, customer, params))
    built = items.build(work, subscription, params, trial_end)
    currency = built[0]["price"]["currency"]
    if params.get("currency", currency).lower() != currency:
        raise InvalidRequest(f"The prices are in {currency}.", param="currency")
    subscription.update(currency=currency, items=changing.listed(subscription, built))
    changing.set_discounts(work, subscription, params)
    work.add(subscription)
    added_items.add(work, subscription, params)
    add(subscription)
    anchored = _anchor(work, subscription, params)
    spent = _charge_until_anchor(work, subscription, params) if anchored else set()
    invoice = building.draw(work, subscription, "subscription_create", [] if anchored else built)
    free = invoice["amount_due"] == 0
    subscription["status"] = "trialing" if trial_end else "active" if free else "incomplete"
    return Begun(subscription, invoice, spent)


def _anchor(work: Work, subscription: Object, params: Params) -> bool:
    """Put the billing cycle where `billing_cycle_anchor` wants it; whether that is later than now."""
    anchor = _wanted_anchor(work, params)
    if anchor is None:
        return False
    built = subscription["items"]["data"]
    if subscription["trial_end"] or not work.now <= anchor <= min(item["current_period_end"] for item in built):
        raise InvalidRequest(
            "billing_cycle_anchor must be in the future, not later than the end of the first period that would begin "
            "now, and without a trial.",
            param="billing_cycle_anchor",
        )
    subscription["billing_cycle_anchor"] = anchor
    return bool(anchor > work.now)


def _charge_until_anchor(work: Work, subscription: Object, params: Params) -> set[str]:
    """The time until the first whole period costs its share of one, or nothing without prorations."""
    behavior, spent = params.get("proration_behavior", "create_prorations"), set[str]()
    for item in subscription["items"]["data"]:
        item.update(current_period_start=work.now, current_period_end=subscription["billing_cycle_anchor"])
        if behavior != "none":
            for made in amounts.charge(work, subscription, item, work.now, once=True):
                spent |= {id for id in made["discounts"] if discounts.is_once(work, id)}
    return spent


def _wanted_anchor(work: Work, params: Params) -> int | None:
    """The second of the anchor; previews send a hash that says which one."""
    given = params.get("billing_cycle_anchor")
    kinds = {"now": work.now, "timestamp": given.get("timestamp")} if isinstance(given, dict) else {}
    anchor: int | None = kinds.get(given["type"]) if isinstance(given, dict) else given
    return anchor


def _settings(work: Work, customer: Object, params: Params) -> dict[str, Any]:
    """What the subscription shows of its parameters."""
    if params.get("collection_method", "charge_automatically") != "charge_automatically":
        raise InvalidRequest("This sandbox charges automatically only.", param="collection_method")
    settings: dict[str, Any] = params.given("description")
    settings["billing_mode"] = billing_mode(params)
    settings["metadata"] = merge({}, params.get("metadata", {}))
    settings["automatic_tax"] = automatic_tax(customer, params)
    if method := params.get("default_payment_method"):
        settings["default_payment_method"] = customers.check_owner(
            work, method, customer["id"], "default_payment_method"
        )["id"]
    if "payment_settings" in params:
        settings["payment_settings"] = payment_settings(NO_PAYMENT_SETTINGS, params)
    if "trial_settings" in params:
        settings["trial_settings"] = trial_settings(params)
    return settings


def _schedule_end(subscription: Object, params: Params) -> None:
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    if params.get("cancel_at_period_end", False):
        subscription.update(cancel_at_period_end=True, cancel_at=max(ends), canceled_at=subscription["created"])
    if isinstance(cancel_at := params.get("cancel_at"), int):
        subscription["cancel_at"] = cancel_at


def _new(work: Work, customer: Object, trial_end: int | None) -> Object:
    return {
        **dict.fromkeys(ABSENT),
        "id": new_id("sub"),
        "object": "subscription",
        "billing_cycle_anchor": trial_end or work.now,
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": work.now,
        "customer": customer["id"],
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "livemode": False,
        "metadata": {},
        "payment_settings": dict(NO_PAYMENT_SETTINGS),
        "start_date": work.now,
        "status": "incomplete",
        "test_clock": work.clock,
        "trial_end": trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": work.now if trial_end else None,
    }


NO_PAYMENT_SETTINGS: dict[str, Any] = {
    "payment_method_options": None,
    "payment_method_types": None,
    "save_default_payment_method": "off",
}
ABSENT = (
    "application",
    "application_fee_percent",
    "billing_cycle_anchor_config",
    "billing_thresholds",
    "cancel_at",
    "canceled_at",
    "customer_account",
    "days_until_due",
    "default_payment_method",
    "default_source",
    "description",
    "ended_at",
    "latest_invoice",
    "next_pending_invoice_item_invoice",
    "on_behalf_of",
    "pause_collection",
    "pending_invoice_item_interval",
    "pending_setup_intent",
    "pending_update",
    "schedule",
    "status_details",
    "transfer_data",
)
