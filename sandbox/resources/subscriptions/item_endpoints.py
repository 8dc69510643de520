"""Items of subscriptions over the API. A change of an item is an update of its subscription."""

from sandbox.errors import ResourceMissing
from sandbox.resources.subscriptions import updating
from sandbox.wire.endpoints import Endpoint
from sandbox.wire.pagination import page_within
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/subscription_items"
ITEM = URL + "/{item}"
OWN = ("discounts", "metadata", "price", "price_data", "quantity")
BILLED = ("off_session", "payment_behavior", "proration_behavior", "proration_date")
HOLDS = "AND EXISTS (SELECT 1 FROM json_each(body, '$.items.data') WHERE value ->> '$.id' = ?)"


def create(work: Work, params: Params) -> Object:
    """POST /v1/subscription_items."""
    subscription = work.get("subscription", params.get("subscription"), "subscription")
    before = {item["id"] for item in _items(subscription)}
    _change(work, subscription, params, {})
    found = [item for item in _items(subscription) if item["id"] not in before]
    waiting = (subscription["pending_update"] or {}).get("subscription_items") or []
    return next(iter(found or [item for item in waiting if item["id"] not in before]))


def retrieve(work: Work, id: str, _params: Params) -> Object:
    """GET /v1/subscription_items/{item}."""
    return _find(work, id)[1]


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/subscription_items/{item}."""
    subscription, _ = _find(work, id)
    _change(work, subscription, params, {"id": id})
    return next(item for item in _items(subscription) if item["id"] == id)


def delete(work: Work, id: str, params: Params) -> Object:
    """DELETE /v1/subscription_items/{item}."""
    subscription, _ = _find(work, id)
    _change(work, subscription, params, {"id": id, "deleted": True})
    return {"id": id, "object": "subscription_item", "deleted": True}


def list_items(work: Work, params: Params) -> Object:
    """GET /v1/subscription_items."""
    return page_within(_items(work.get("subscription", params.get("subscription"), "subscription")), params, URL)


def _change(work: Work, subscription: Object, params: Params, item: Object) -> None:
    wanted = {**params.given(*BILLED), "items": [{**item, **params.given(*OWN)}]}
    updating.change(work, subscription, Params(wanted))


def _find(work: Work, id: str) -> tuple[Object, Object]:
    for subscription in work.select("subscription", {}, HOLDS, (id,)):
        return subscription, next(item for item in _items(subscription) if item["id"] == id)
    raise ResourceMissing("subscription_item", id, "item")


def _items(subscription: Object) -> list[Object]:
    items: list[Object] = subscription["items"]["data"]
    return items


ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, list_items),
    Endpoint("GET", ITEM, retrieve),
    Endpoint("POST", ITEM, update),
    Endpoint("DELETE", ITEM, delete),
]
