"""Updates of a subscription over the API."""

from copy import deepcopy
from typing import Any

from sandbox import events
from sandbox.engine.agenda import ENDED
from sandbox.errors import InvalidRequest
from sandbox.resources import customers, discounts
from sandbox.resources.invoices import building
from sandbox.resources.subscriptions import changing, pending_updates, settling, trials
from sandbox.resources.subscriptions.settings import automatic_tax, payment_settings, trial_settings
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

ALWAYS_EDITABLE = {"metadata", "cancellation_details"}


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/subscriptions/{subscription}."""
    subscription = work.get("subscription", id)
    settings = _settings(work, subscription, params)
    asks_money = any(name in params for name in changing.MONEY)
    if subscription["status"] in ENDED and (asks_money or set(settings) - ALWAYS_EDITABLE):
        raise InvalidRequest(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="subscription_canceled" if subscription["status"] == "canceled" else None,
        )
    if asks_money:
        return change(work, subscription, params, settings)
    # These say how a change of what is billed is billed; without one they mean nothing.
    params.given("off_session", "payment_behavior", "proration_behavior")
    changing.proration_date(work, subscription, params)
    return events.change(work, "customer.subscription.updated", subscription, **settings)


def delete_discount(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/subscriptions/{subscription}/discount: all of its own; items keep theirs."""
    subscription = work.get("subscription", id)
    gone = subscription["discounts"]
    if not gone:
        raise InvalidRequest("No active discount for subscription", code="resource_missing")
    discounts.remove(work, gone)
    events.change(work, "customer.subscription.updated", subscription, discounts=[])
    return {**work.ever("discount", gone[0]), "deleted": True}


def change(work: Work, subscription: Object, params: Params, settings: dict[str, Any] | None = None) -> Object:
    """Change what it bills, and the settings beside that; with the invoice, if one is due at once."""
    behavior = params.get("payment_behavior", "allow_incomplete")
    params.get("off_session", False)  # nobody is asked during this call in either case
    pending = behavior == "pending_if_incomplete"
    if pending:
        pending_updates.check(params, settings or {})
    pending_updates.replace(work, subscription)
    before = deepcopy(subscription)
    subscription.update(settings or {})
    made = changing.carry_out(work, subscription, params)
    invoice = made.invoice
    method = settling.method_for(work, subscription, invoice, behavior) if invoice else None
    if invoice and pending and invoice["amount_due"]:
        pending_updates.hold(work, subscription, before, invoice, made.spent)
    else:
        discounts.remove(work, discounts.of_all(before) - discounts.of_all(subscription))
        _emit_updated(work, subscription, before)
    for item in made.waiting:
        events.emit(work, "invoiceitem.created", item)
    if invoice:
        _bill(work, subscription, invoice, made.spent)
        settling.settle(work, subscription, invoice, behavior, method)
        settling.leave_unpaid(work, subscription, invoice)
    trials.tell_if_soon(work, subscription, before["trial_end"])
    return subscription


def _bill(work: Work, subscription: Object, invoice: Object, spent: set[str]) -> None:
    before = deepcopy(subscription)
    invoice["auto_advance"] = not subscription["pause_collection"]
    building.issue(work, invoice, subscription, spent=spent)
    _emit_updated(work, subscription, before)


def _emit_updated(work: Work, subscription: Object, before: Object) -> None:
    work.save(subscription)
    if previous := events.difference(before, subscription):
        events.emit(work, "customer.subscription.updated", subscription, previous)


def _settings(work: Work, subscription: Object, params: Params) -> dict[str, Any]:
    changes = params.given("description", "pause_collection")
    if changes.get("pause_collection"):
        changes["pause_collection"] = {"resumes_at": None, **changes["pause_collection"]}
    if "metadata" in params:
        changes["metadata"] = merge(subscription["metadata"], params.get("metadata"))
    if "default_payment_method" in params:
        method = params.get("default_payment_method")
        if method:
            customers.check_owner(work, method, subscription["customer"], "default_payment_method")
        changes["default_payment_method"] = method
    if "payment_settings" in params:
        changes["payment_settings"] = payment_settings(subscription["payment_settings"], params)
    if "automatic_tax" in params:
        customer = work.get("customer", subscription["customer"])
        changes["automatic_tax"] = automatic_tax(customer, params)
    if "trial_settings" in params:
        changes["trial_settings"] = trial_settings(params)
    return {**changes, **end_settings(work, subscription, params)}


def end_settings(work: Work, subscription: Object, params: Params) -> dict[str, Any]:
    """When and why it is to end, or that it is not to end after all."""
    changes: dict[str, Any] = {}
    details = {**subscription["cancellation_details"], **(params.get("cancellation_details") or {})}
    if "cancel_at_period_end" in params and "cancel_at" in params:
        raise InvalidRequest("Send either cancel_at or cancel_at_period_end.", param="cancel_at")
    if "cancel_at_period_end" in params:
        at_end = bool(params.get("cancel_at_period_end"))
        changes = _ends_at(work, _period_end(subscription) if at_end else None)
        changes["cancel_at_period_end"] = at_end
    elif "cancel_at" in params:
        moment = params.get("cancel_at")
        if isinstance(moment, str):
            moment = _period_end(subscription, first=moment == "min_period_end")
        changes = {**_ends_at(work, moment), "cancel_at_period_end": False}
    if changes:
        details["reason"] = "cancellation_requested" if changes["cancel_at"] else None
    return {**changes, "cancellation_details": details} if changes or "cancellation_details" in params else {}


def _ends_at(work: Work, moment: int | None) -> dict[str, Any]:
    if moment is not None and moment <= work.now:
        raise InvalidRequest("`cancel_at` must be in the future.", param="cancel_at")
    return {"cancel_at": moment, "canceled_at": work.now if moment else None}


def _period_end(subscription: Object, *, first: bool = False) -> int:
    ends = [int(item["current_period_end"]) for item in subscription["items"]["data"]]
    return min(ends) if first else max(ends)
