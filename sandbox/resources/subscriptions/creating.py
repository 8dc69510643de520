"""Starting a subscription and its first invoice."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.resources import customers, invoice_items
from sandbox.resources.invoices import building, collecting, lifecycle
from sandbox.resources.subscriptions import items
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import list_of
from sandbox.wire.params import Params
from sandbox.work import Object, Work

DAY = 24 * 3600
LONGEST_TRIAL = 730
"""Days."""


def create(work: Work, params: Params) -> Object:
    """POST /v1/subscriptions."""
    customer = work.get("customer", params.get("customer"), "customer")
    params.get("off_session", False)  # nobody is asked during this call in either case
    behavior = params.get("payment_behavior", "allow_incomplete")
    if behavior == "pending_if_incomplete":
        raise InvalidRequest("`pending_if_incomplete` is for updates only.", param="payment_behavior")
    subscription = _build(work, customer, params)
    _schedule_end(subscription, params)
    method = _method(work, subscription, customer)
    invoice = _first_invoice(work, subscription)
    if invoice["amount_due"] and behavior != "default_incomplete" and method is None:
        raise collecting.no_method(customer)
    work.add(subscription)
    work.add(invoice)
    events.emit(work, "customer.subscription.created", subscription)
    events.emit(work, "invoice.created", invoice)
    lifecycle.finalize(work, invoice, method["id"] if method else None)
    if invoice["status"] == "open" and behavior != "default_incomplete" and method:
        refusal = collecting.collect(work, invoice, method)
        if refusal and behavior == "error_if_incomplete":
            refusal.kept = False
            raise refusal
    return subscription


def _build(work: Work, customer: Object, params: Params) -> Object:
    trial_end = _trial_end(work, params)
    subscription = _new(work, customer, trial_end)
    subscription.update(_settings(work, customer, params))
    built = items.build(work, subscription, params, trial_end)
    currency = built[0]["price"]["currency"]
    if params.get("currency", currency).lower() != currency:
        raise InvalidRequest(f"The prices are in {currency}.", param="currency")
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    subscription.update(currency=currency, items={**list_of(built, url), "total_count": len(built)})
    return subscription


def _first_invoice(work: Work, subscription: Object) -> Object:
    trial = subscription["trial_end"] is not None
    lines = [
        building.line(work, subscription, item, (item["current_period_start"], item["current_period_end"]), trial=trial)
        for item in subscription["items"]["data"]
    ]
    waiting = invoice_items.waiting(work, subscription)
    lines += [invoice_items.line(item) for item in waiting]
    invoice = building.draft(work, subscription, "subscription_create", lines)
    invoice_items.put_on(work, waiting, invoice)
    free = invoice["amount_due"] == 0
    subscription.update(
        latest_invoice=invoice["id"], status="trialing" if trial else "active" if free else "incomplete"
    )
    return invoice


def _trial_end(work: Work, params: Params) -> int | None:
    """When the trial ends; None without one."""
    end, days = params.get("trial_end"), params.get("trial_period_days")
    if end is not None and days is not None:
        raise InvalidRequest("You can only set one of trial_end and trial_period_days.", param="trial_period_days")
    if end == "now" or (end is None and days is None):
        return None
    end = end if end is not None else work.now + days * DAY
    if not work.now < end <= work.now + LONGEST_TRIAL * DAY:
        raise InvalidRequest(
            f"A trial ends in the future and lasts at most {LONGEST_TRIAL} days.",
            param="trial_end" if days is None else "trial_period_days",
        )
    return int(end)


def _settings(work: Work, customer: Object, params: Params) -> dict[str, Any]:
    """What the subscription shows of its parameters."""
    if params.get("collection_method", "charge_automatically") != "charge_automatically":
        raise InvalidRequest("This sandbox charges automatically only.", param="collection_method")
    if params.nested("billing_mode").get("type", "flexible") != "flexible":
        raise InvalidRequest("This sandbox plays billing_mode[type]=flexible only.", param="billing_mode[type]")
    settings: dict[str, Any] = params.given("description")
    settings["metadata"] = merge({}, params.get("metadata", {}))
    settings["automatic_tax"] = automatic_tax(customer, params)
    if method := params.get("default_payment_method"):
        settings["default_payment_method"] = customers.check_owner(
            work, method, customer["id"], "default_payment_method"
        )["id"]
    if "payment_settings" in params:
        settings["payment_settings"] = payment_settings(NO_PAYMENT_SETTINGS, params)
    if "trial_settings" in params:
        settings["trial_settings"] = params.get("trial_settings")
    return settings


def payment_settings(current: dict[str, Any], params: Params) -> dict[str, Any]:
    """How its invoices are to be paid."""
    given = params.nested("payment_settings")
    return {**current, **given.given("payment_method_types", "save_default_payment_method")}


def automatic_tax(customer: Object, params: Params) -> dict[str, Any]:
    """Whether tax is calculated, for which Stripe must know where the customer is."""
    enabled = params.nested("automatic_tax").get("enabled", False)
    if enabled and not (customer["address"] or {}).get("country"):
        raise InvalidRequest(
            "The customer's location isn't recognized. Set a valid customer address in order to automatically "
            "calculate tax.",
            code="customer_tax_location_invalid",
            param="automatic_tax[enabled]",
        )
    return {"disabled_reason": None, "enabled": enabled, "liability": {"type": "self"} if enabled else None}


def _schedule_end(subscription: Object, params: Params) -> None:
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    if params.get("cancel_at_period_end", False):
        subscription.update(cancel_at_period_end=True, cancel_at=max(ends), canceled_at=subscription["created"])
    if isinstance(cancel_at := params.get("cancel_at"), int):
        subscription["cancel_at"] = cancel_at


def _method(work: Work, subscription: Object, customer: Object) -> Object | None:
    default = customer["invoice_settings"]["default_payment_method"]
    id = subscription["default_payment_method"] or default
    return work.get("payment_method", id) if id else None


def _new(work: Work, customer: Object, trial_end: int | None) -> Object:
    return {
        **dict.fromkeys(ABSENT),
        "id": new_id("sub"),
        "object": "subscription",
        "billing_cycle_anchor": trial_end or work.now,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
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
        "trial_end": trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": work.now if trial_end else None,
    }


NO_PAYMENT_SETTINGS = {
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
    "test_clock",
    "transfer_data",
)
