"""Where Stripe sends events, and where customers change things past Assent."""

from collections.abc import Iterable
from typing import Any

from api.commands.doctor.finding import Finding, failure, warning
from billing.mirror.kinds import SUBSCRIBED_EVENTS
from billing.settings import Settings
from billing.stripe_gateway import API_VERSION, Request, StripeGateway

WEBHOOK_PATH = "/webhooks/stripe"
# Features of the portal with which customers change what is charged.
PORTAL_CHANGES = ("subscription_update",)


async def endpoint(gateway: StripeGateway, settings: Settings, *, fix: bool) -> Iterable[Finding]:
    """The endpoint at our address: that it is there once, enabled, of this version, and sent what the mirror needs."""
    address = settings.address + WEBHOOK_PATH
    endpoints = await gateway.list_all("/v1/webhook_endpoints")
    what, ours = f"webhook endpoint {address}", [each for each in endpoints if each["url"] == address]
    if not ours:
        known = ", ".join(each["url"] for each in endpoints) or "none"
        cure = f"Stripe has no endpoint there (it has: {known}); create one with api_version {API_VERSION}."
        return [failure("endpoint", what, cure)]
    enabled = [each for each in ours if each["status"] == "enabled"]
    if not enabled:
        return [
            failure("endpoint", what, "It is disabled at Stripe; enable it in the Dashboard, Developers, Webhooks.")
        ]
    if len(enabled) > 1:
        cure = f"There are {len(enabled)} with that address, each with a secret of its own: delete all but one."
        return [warning("endpoint", what, cure), *[await _judge(gateway, each, what, fix=fix) for each in enabled]]
    return [await _judge(gateway, enabled[0], what, fix=fix)]


async def _judge(gateway: StripeGateway, endpoint: dict[str, Any], what: str, *, fix: bool) -> Finding:
    if endpoint.get("api_version") != API_VERSION:
        version = endpoint.get("api_version") or "of the account"
        return failure("endpoint", what, f"It sends version {version}; make a new one with {API_VERSION}.")
    return await _events(gateway, endpoint, what, fix=fix)


async def _events(gateway: StripeGateway, endpoint: dict[str, Any], what: str, *, fix: bool) -> Finding:
    """Events that Assent does not need are left alone: somebody wanted them, and here they cost a row each."""
    enabled = set(endpoint["enabled_events"])
    missing = set() if "*" in enabled else set(SUBSCRIBED_EVENTS) - enabled
    if not missing:
        return Finding("endpoint", what)
    if fix:
        wanted = sorted(enabled | missing)
        await gateway.send(Request("post", f"/v1/webhook_endpoints/{endpoint['id']}", {"enabled_events": wanted}))
        return Finding("endpoint", f"{what}: {len(missing)} events added ({', '.join(sorted(missing))})")
    cure = f"It is not sent {', '.join(sorted(missing))}; add them, or run `assent doctor --fix`."
    return failure("endpoint", what, cure)


async def portal(gateway: StripeGateway) -> Iterable[Finding]:
    """Where customers may change what they pay by themselves, Assent sees it only afterwards (STRIPE.md 4.8)."""
    configurations = await gateway.list_all("/v1/billing_portal/configurations", active=True)
    changing = sorted(
        each["id"]
        for each in configurations
        if any(each["features"].get(name, {}).get("enabled") for name in PORTAL_CHANGES)
    )
    if not changing:
        return [Finding("portal", "customer portal")]
    cure = (
        f"Switching plans is allowed in {', '.join(changing)}; what that charges beyond a consent is only detected "
        "afterwards. Turn it off in the Dashboard, Settings, Customer portal, and use updateSubscription."
    )
    return [warning("portal", "customer portal", cure)]
