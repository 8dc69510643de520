"""Settings of a subscription that its creation and its updates share."""

from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.wire.params import Params
from sandbox.work import Object


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


def trial_settings(params: Params) -> dict[str, Any]:
    """How a trial ends. The billing cycle begins anew then, as is usual."""
    behavior = params.nested("trial_settings").nested("end_behavior")
    if behavior.get("billing_cycle_anchor", "now") != "now":
        raise InvalidRequest(
            "This sandbox begins the billing cycle anew when a trial ends. Leave it out, or send `now`.",
            param="trial_settings[end_behavior][billing_cycle_anchor]",
        )
    return {"end_behavior": behavior.given("billing_cycle_anchor", "missing_payment_method")}


def billing_mode(params: Params) -> dict[str, Any]:
    """How prorations and invoices are worked out: flexible, unless it is to be classic."""
    given = params.nested("billing_mode")
    if given.get("type", "flexible") == "classic":
        return {"flexible": None, "type": "classic"}
    shown = given.nested("flexible").get("proration_discounts", "included")
    return {"flexible": {"proration_discounts": shown}, "type": "flexible"}
