"""Products of the catalogue."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import prices
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

PLAIN = (
    "active",
    "description",
    "images",
    "name",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
)


def create(work: Work, params: Params) -> Object:
    """POST /v1/products, with its default price if `default_price_data` is given."""
    id = params.get("id") or new_id("prod", 14)
    if work.find("product", id):
        raise InvalidRequest(f"Product already exists with ID {id}", code="resource_already_exists", param="id")
    product = work.add({**_new(work), "id": id})
    product.update(_changes(product, params))
    work.save(product)
    events.emit(work, "product.created", product)
    if "default_price_data" in params:
        price = prices.add(work, product["id"], params.nested("default_price_data"))
        events.change(work, "product.updated", product, default_price=price["id"])
    return product


def add(work: Work, params: Params) -> Object:
    """The product that a price's `product_data` describes."""
    product = work.add({**_new(work), **params.given("active", "name", "unit_label", "tax_code")})
    product["metadata"] = merge({}, params.get("metadata", {}))
    work.save(product)
    events.emit(work, "product.created", product)
    return product


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/products/{id}."""
    product = work.get("product", id)
    changes = _changes(product, params)
    if "default_price" in params:
        changes["default_price"] = work.get("price", params.filled("default_price"), "default_price")["id"]
    return events.change(work, "product.updated", product, **changes, updated=work.now)


def delete(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/products/{id}, while it has no prices."""
    product = work.get("product", id)
    if work.select("price", {"product": id}):
        raise InvalidRequest(
            "This product cannot be deleted because it has one or more user-created prices.", param="id"
        )
    work.delete(product)
    events.emit(work, "product.deleted", product)
    return {"id": id, "object": "product", "deleted": True}


def _new(work: Work) -> Object:
    return {
        "id": new_id("prod", 14),
        "object": "product",
        "active": True,
        "created": work.now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": "",
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "tax_details": None,
        "type": "service",
        "unit_label": None,
        "updated": work.now,
        "url": None,
    }


def _changes(product: Object, params: Params) -> dict[str, Any]:
    params.filled("name")
    changes = params.given(*PLAIN, "marketing_features", "package_dimensions")
    if "metadata" in params:
        changes["metadata"] = merge(product["metadata"], params.get("metadata"))
    return {
        name: [] if value is None and name in ("images", "marketing_features") else value
        for name, value in changes.items()
    }


KIND = Kind("product", expands={"default_price": "price"})

ENDPOINTS = [
    Endpoint("POST", "/v1/products", create),
    Endpoint("GET", "/v1/products", listing("product", "/v1/products", ["active", "shippable", "url"])),
    Endpoint("GET", "/v1/products/{id}", retrieve("product")),
    Endpoint("POST", "/v1/products/{id}", update),
    Endpoint("DELETE", "/v1/products/{id}", delete),
]
