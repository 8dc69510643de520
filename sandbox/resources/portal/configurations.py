"""What customers can see and change in the portal."""

from copy import deepcopy
from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/billing_portal/configurations"
KIND_NAME = "billing_portal.configuration"
REASONS = ("too_expensive", "missing_features", "switched_service", "unused", "other")
FEATURES: dict[str, dict[str, Any]] = {
    "customer_update": {"allowed_updates": ["email", "name"], "enabled": True},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": None, "options": list(REASONS)},
        "enabled": True,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": None,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
"""What the Dashboard switches on for a new account; what is not named in a configuration of one's own is off."""


def create(work: Work, params: Params) -> Object:
    """POST /v1/billing_portal/configurations."""
    off = {name: {**deepcopy(feature), "enabled": False} for name, feature in FEATURES.items()}
    configuration = work.add(_new(work, off, is_default=False))
    configuration.update(_changes(configuration, params))
    events.emit(work, "billing_portal.configuration.created", work.save(configuration))
    return configuration


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/billing_portal/configurations/{configuration}."""
    configuration = work.get(KIND_NAME, id)
    changes = {**params.given("active"), **_changes(configuration, params)}
    if configuration["is_default"] and not changes.get("active", True):
        raise InvalidRequest("The default configuration cannot be deactivated.", param="active")
    return events.change(work, "billing_portal.configuration.updated", configuration, updated=work.now, **changes)


def list_configurations(work: Work, params: Params) -> Object:
    """GET /v1/billing_portal/configurations."""
    default(work)
    where = {name: int(value) for name, value in params.given("active", "is_default").items()}
    return page(work, KIND_NAME, params, URL, where)


def default(work: Work) -> Object:
    """The account's own configuration, made when it is first asked for."""
    found = next(iter(work.select(KIND_NAME, {"is_default": 1})), None)
    return found or work.add(_new(work, deepcopy(FEATURES), is_default=True))


def _changes(configuration: Object, params: Params) -> dict[str, Any]:
    changes: dict[str, Any] = params.given("default_return_url", "name")
    if "business_profile" in params:
        changes["business_profile"] = {**configuration["business_profile"], **params.get("business_profile")}
    if "features" in params:
        given = params.get("features")
        features = {name: _feature(was, given.get(name, {})) for name, was in configuration["features"].items()}
        changes["features"] = features
    if "metadata" in params:
        changes["metadata"] = merge(configuration["metadata"], params.get("metadata"))
    return changes


def _feature(was: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A feature with what was sent of it; a list that was sent empty is empty."""
    merged = dict(was)
    for name, value in given.items():
        if isinstance(value, dict) and isinstance(was.get(name), dict):
            merged[name] = _feature(was[name], value)
        else:
            merged[name] = [] if value is None and isinstance(was.get(name), list) else value
    return merged


def _new(work: Work, features: dict[str, Any], *, is_default: bool) -> Object:
    return {
        "id": new_id("bpc"),
        "object": KIND_NAME,
        "active": True,
        "application": None,
        "business_profile": dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url")),
        "created": work.now,
        "default_return_url": None,
        "features": features,
        "is_default": is_default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": work.now,
    }


KIND = Kind(KIND_NAME)

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, list_configurations),
    Endpoint("GET", URL + "/{configuration}", retrieve(KIND_NAME)),
    Endpoint("POST", URL + "/{configuration}", update),
]
