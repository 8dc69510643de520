"""`assent doctor`: what keeps this installation from working, and how each is mended."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from api.running import open_database, open_gateway
from billing import installation
from billing.errors import BillingError
from billing.mirror.kinds import SUBSCRIBED_EVENTS
from billing.settings import CannotStart, Settings, load
from billing.stripe_gateway import API_VERSION, Request, StripeGateway

WEBHOOK_PATH = "/webhooks/stripe"
# Features of the portal with which customers change what is charged.
PORTAL_CHANGES = ("subscription_update",)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `cure` says how to mend it; none where it is well."""

    what: str
    cure: str | None = None
    warning: bool = False

    def __str__(self) -> str:
        if self.cure is None:
            return f"ok       {self.what}"
        return f"{'warning' if self.warning else 'WRONG  '}  {self.what}\n         {self.cure}"


def doctor(
    mend: Annotated[
        bool, typer.Option("--mend", help="Set the webhook endpoint's events at Stripe as needed.")
    ] = False,
) -> None:
    """Look at settings, database, key, webhook endpoint and Amazon Pay; exit code 1 if something is wrong."""
    is_well = asyncio.run(_examine(mend))
    raise typer.Exit(0 if is_well else 1)


async def _examine(mend: bool) -> bool:
    is_well = True
    async for finding in findings(load(Settings), mend=mend):
        typer.echo(str(finding))
        is_well = is_well and (finding.cure is None or finding.warning)
    return is_well


async def findings(settings: Settings, *, mend: bool = False) -> AsyncIterator[Finding]:
    """One after the other; what cannot be looked at because of an earlier one is left out."""
    yield Finding("settings")
    stamp = None
    try:
        async with open_database(settings) as database, database.read() as session:
            stamp = await installation.find(session)
        yield Finding(f"database, migrated ({database.dialect})")
    except CannotStart as problem:
        yield Finding("database", str(problem))
    try:
        async with open_gateway(settings) as gateway:
            yield _ownership(gateway.account, settings, stamp)
            yield await _amazon_pay(gateway)
            yield await _endpoint(gateway, settings, mend=mend)
            yield await _portal(gateway)
    except (CannotStart, BillingError) as problem:
        yield Finding("Stripe", str(problem))


def _ownership(account: str, settings: Settings, stamp: Any) -> Finding:
    what = f"Stripe account {account}, {'live' if settings.livemode else 'test'} mode"
    if stamp is None or (stamp.stripe_account, stamp.livemode) == (account, settings.livemode):
        return Finding(what)
    return Finding(what, f"DATABASE_URL: this database belongs to {stamp.stripe_account}; use its key, or another one.")


async def _amazon_pay(gateway: StripeGateway) -> Finding:
    state = (await gateway.get("/v1/account")).data.get("capabilities", {}).get("amazon_pay_payments")
    if state == "active":
        return Finding("Amazon Pay")
    cure = "Turn it on in Stripe's Dashboard, Settings, Payment methods; until then Checkout does not offer it."
    return Finding(f"Amazon Pay is {state or 'off'}", cure, warning=True)


async def _endpoint(gateway: StripeGateway, settings: Settings, *, mend: bool) -> Finding:
    address = settings.address + WEBHOOK_PATH
    endpoints = await gateway.list_all("/v1/webhook_endpoints")
    ours = next((each for each in endpoints if each["url"] == address), None)
    what = f"webhook endpoint {address}"
    if ours is None:
        known = ", ".join(each["url"] for each in endpoints) or "none"
        return Finding(
            what, f"Stripe has no endpoint there (it has: {known}); create one with api_version {API_VERSION}."
        )
    if ours["status"] != "enabled":
        return Finding(what, "It is disabled at Stripe; enable it in the Dashboard, Developers, Webhooks.")
    if ours.get("api_version") != API_VERSION:
        cure = f"It sends version {ours.get('api_version') or 'of the account'}; make a new one with {API_VERSION}."
        return Finding(what, cure)
    return await _events(gateway, ours, what, mend=mend)


async def _portal(gateway: StripeGateway) -> Finding:
    """Where customers may change what they pay by themselves, Assent sees it only afterwards (STRIPE.md 4.8)."""
    configurations = await gateway.list_all("/v1/billing_portal/configurations", active=True)
    changing = sorted(
        each["id"]
        for each in configurations
        if any(each["features"].get(name, {}).get("enabled") for name in PORTAL_CHANGES)
    )
    if not changing:
        return Finding("customer portal")
    cure = (
        f"Switching plans is allowed in {', '.join(changing)}; what that charges beyond a consent is only detected "
        "afterwards. Turn it off in the Dashboard, Settings, Customer portal, and use updateSubscription."
    )
    return Finding("customer portal", cure, warning=True)


async def _events(gateway: StripeGateway, endpoint: dict[str, Any], what: str, *, mend: bool) -> Finding:
    enabled = set(endpoint["enabled_events"])
    missing = set() if "*" in enabled else set(SUBSCRIBED_EVENTS) - enabled
    if not missing:
        return Finding(what)
    if mend:
        wanted = sorted(enabled | missing)
        await gateway.send(Request("post", f"/v1/webhook_endpoints/{endpoint['id']}", {"enabled_events": wanted}))
        return Finding(f"{what}: {len(missing)} events added")
    return Finding(what, f"It is not sent {', '.join(sorted(missing))}; add them, or run `assent doctor --mend`.")
