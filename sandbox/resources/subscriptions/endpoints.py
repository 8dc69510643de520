"""Subscriptions over the API."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.kinds import Kind
from sandbox.resources import customers
from sandbox.resources.subscriptions import creating, ending
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import page, page_within
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/subscriptions"
SUBSCRIPTION = URL + "/{subscription}"
WITHOUT_ITEMS = ("off_session", "payment_behavior", "proration_behavior")
"""These say how a change of the items is billed; without one they mean nothing."""


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/subscriptions/{subscription}."""
    subscription = work.get("subscription", id)
    params.given(*WITHOUT_ITEMS)
    changes = _changes(work, subscription, params)
    if subscription["status"] in ending.ENDED and set(changes) - {"metadata", "cancellation_details"}:
        raise InvalidRequest(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="subscription_canceled" if subscription["status"] == "canceled" else None,
        )
    return events.change(work, "customer.subscription.updated", subscription, **changes)


def cancel(work: Work, id: str, params: Params) -> Object:
    """DELETE /v1/subscriptions/{subscription}."""
    for name in ("invoice_now", "prorate"):
        if params.get(name, False):
            raise InvalidRequest(f"This sandbox bills nothing on cancellation: leave {name} out.", param=name)
    details = {"reason": "cancellation_requested", **(params.get("cancellation_details") or {})}
    return ending.cancel(work, work.get("subscription", id), details)


def list_subscriptions(work: Work, params: Params) -> Object:
    """GET /v1/subscriptions; canceled ones only if asked for by `status`."""
    where = params.given("collection_method", "customer")
    status = params.get("status")
    sql, values = "", []
    if status is None:
        sql = "AND json_extract(body, '$.status') != 'canceled'"
    elif status == "ended":
        sql = "AND json_extract(body, '$.status') IN ('canceled', 'incomplete_expired')"
    elif status != "all":
        where["status"] = status
    if "price" in params:
        sql += " AND EXISTS (SELECT 1 FROM json_each(body, '$.items.data') WHERE value ->> '$.price.id' = ?)"
        values.append(params.get("price"))
    return page(work, "subscription", params, URL, where, sql, *values)


def list_items(work: Work, params: Params) -> Object:
    """GET /v1/subscription_items."""
    items = work.get("subscription", params.get("subscription"), "subscription")["items"]["data"]
    return page_within(items, params, "/v1/subscription_items")


def _changes(work: Work, subscription: Object, params: Params) -> dict[str, Any]:
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
        changes["payment_settings"] = creating.payment_settings(subscription["payment_settings"], params)
    if "automatic_tax" in params:
        customer = work.get("customer", subscription["customer"])
        changes["automatic_tax"] = creating.automatic_tax(customer, params)
    if "trial_settings" in params:
        changes["trial_settings"] = params.get("trial_settings")
    return {**changes, **_end(work, subscription, params)}


def _end(work: Work, subscription: Object, params: Params) -> dict[str, Any]:
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
            moment = _period_end(subscription)
        changes = {**_ends_at(work, moment), "cancel_at_period_end": False}
    if changes:
        details["reason"] = "cancellation_requested" if changes["cancel_at"] else None
    return {**changes, "cancellation_details": details} if changes or "cancellation_details" in params else {}


def _ends_at(work: Work, moment: int | None) -> dict[str, Any]:
    if moment is not None and moment <= work.now:
        raise InvalidRequest("`cancel_at` must be in the future.", param="cancel_at")
    return {"cancel_at": moment, "canceled_at": work.now if moment else None}


def _period_end(subscription: Object) -> int:
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


KIND = Kind(
    "subscription",
    expands={
        "customer": "customer",
        "default_payment_method": "payment_method",
        "latest_invoice": "invoice",
    },
)


ENDPOINTS = [
    Endpoint("POST", URL, creating.create),
    Endpoint("GET", URL, list_subscriptions),
    Endpoint("GET", SUBSCRIPTION, retrieve("subscription")),
    Endpoint("POST", SUBSCRIPTION, update),
    Endpoint("DELETE", SUBSCRIPTION, cancel),
    Endpoint("GET", "/v1/subscription_items", list_items),
]
