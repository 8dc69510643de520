"""Subscriptions over the API."""

from sandbox.kinds import Kind
from sandbox.resources.subscriptions import (
    canceling,
    creating,
    item_endpoints,
    pause_requests,
    resuming,
    updating,
)
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/subscriptions"
SUBSCRIPTION = URL + "/{subscription}"


def list_subscriptions(work: Work, params: Params) -> Object:
    """GET /v1/subscriptions; canceled ones only if asked for by `status`."""
    where = params.given("collection_method", "customer", "test_clock")
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


KIND = Kind(
    "subscription",
    expands={
        "customer": "customer",
        "default_payment_method": "payment_method",
        "discounts": "discount",
        "latest_invoice": "invoice",
    },
)


ENDPOINTS = [
    Endpoint("POST", URL, creating.create),
    Endpoint("GET", URL, list_subscriptions),
    Endpoint("GET", SUBSCRIPTION, retrieve("subscription")),
    Endpoint("POST", SUBSCRIPTION, updating.update),
    Endpoint("DELETE", SUBSCRIPTION, canceling.cancel),
    Endpoint("POST", SUBSCRIPTION + "/pause", pause_requests.pause),
    Endpoint("POST", SUBSCRIPTION + "/resume", resuming.resume),
    Endpoint("DELETE", SUBSCRIPTION + "/discount", updating.delete_discount),
    *item_endpoints.ENDPOINTS,
]
