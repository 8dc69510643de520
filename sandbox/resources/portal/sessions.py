"""Portal sessions: an address at which one customer manages what they have, for a short while."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id, new_token
from sandbox.kinds import Kind
from sandbox.resources.portal import configurations
from sandbox.wire.endpoints import Endpoint
from sandbox.wire.params import Params
from sandbox.work import Object, Work

KIND_NAME = "billing_portal.session"
LASTS = 3600
"""Seconds that its address works. Stripe tells no figure."""


def create(work: Work, params: Params) -> Object:
    """POST /v1/billing_portal/sessions."""
    if "customer" not in params:
        raise InvalidRequest("Missing required param: customer.", code="parameter_missing", param="customer")
    customer = work.get("customer", params.get("customer"), "customer")
    configuration = _configuration(work, params)
    return_url = params.get("return_url") or configuration["default_return_url"]
    if return_url and not return_url.startswith(("http://", "https://")):
        raise InvalidRequest("Not a valid URL", code="url_invalid", param="return_url")
    session = work.add(
        {
            "id": new_id("bps"),
            "object": KIND_NAME,
            "after_expiration": None,
            "configuration": configuration["id"],
            "created": work.now,
            "customer": customer["id"],
            "customer_account": None,
            "flow": _flow(work, customer, params) if "flow_data" in params else None,
            "livemode": False,
            "locale": params.get("locale"),
            "on_behalf_of": None,
            "return_url": return_url,
            "url": work.sandbox.url(f"/p/session/{new_token(32)}"),
        }
    )
    events.emit(work, "billing_portal.session.created", session)
    return session


def find(work: Work, url: str) -> Object | None:
    """The session at an address, if there is one."""
    return next(iter(work.select(KIND_NAME, {"url": url})), None)


def _configuration(work: Work, params: Params) -> Object:
    if "configuration" not in params:
        return configurations.default(work)
    configuration = work.get(configurations.KIND_NAME, params.get("configuration"), "configuration")
    if not configuration["active"]:
        raise InvalidRequest("This portal configuration is not active.", param="configuration")
    return configuration


def _flow(work: Work, customer: Object, params: Params) -> dict[str, Any]:
    """One thing that the customer came for: a new payment method, or to cancel a subscription."""
    data = params.nested("flow_data")
    type = data.get("type")
    if type not in ("payment_method_update", "subscription_cancel"):
        raise InvalidRequest(
            "This sandbox plays the flows payment_method_update and subscription_cancel.", param="flow_data[type]"
        )
    after = data.nested("after_completion")
    flow = {
        "after_completion": {
            "hosted_confirmation": after.get("hosted_confirmation"),
            "redirect": after.get("redirect"),
            "type": after.get("type", "portal_homepage"),
        },
        **dict.fromkeys(
            ("customer_update", "subscription_cancel", "subscription_pause", "subscription_update"),
        ),
        "subscription_update_confirm": None,
        "type": type,
    }
    if type == "subscription_cancel":
        id = data.nested("subscription_cancel").get("subscription")
        param = "flow_data[subscription_cancel][subscription]"
        if id is None or work.get("subscription", id, param)["customer"] != customer["id"]:
            raise InvalidRequest("Name a subscription of this customer.", param=param)
        flow["subscription_cancel"] = {"retention": None, "subscription": id}
    return flow


KIND = Kind(KIND_NAME, expands={"configuration": configurations.KIND_NAME})

ENDPOINTS = [Endpoint("POST", "/v1/billing_portal/sessions", create)]
