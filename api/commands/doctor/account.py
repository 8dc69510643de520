"""The key, the account behind it, and what Stripe lets it be paid with."""

from collections.abc import Iterable
from typing import Any

from api.commands.doctor.finding import Finding, failure, warning
from billing.errors import StripeRejected
from billing.mirror.kinds import KINDS
from billing.recovery.lists import LISTS
from billing.settings import Settings
from billing.stripe_gateway import SIGNATURE_TOLERANCE, Request, StripeGateway
from billing.tables import Installation

AMAZON_PAY = "amazon_pay_payments"
AMAZON_PAY_COUNTRIES = frozenset("AT BE CH CY DE DK ES FR GB HU IE IT LU NL PT SE US".split())
"""Of the business, by Stripe's page on Amazon Pay."""
OFFERED = {"card": "cards", "amazon_pay": "Amazon Pay"}
PAGE = "Stripe's Dashboard, Settings, Payment methods"
# Seconds between Stripe's clock and ours.
MUCH_SKEW, TOO_MUCH_SKEW = 5, 60
FORBIDDEN = 403


def clock(before: float, date: int, after: float) -> Finding:
    """Our clock beside Stripe's, which said `date` between the seconds `before` and `after` by ours.

    `Date` has no fractions, and says nothing of when in the call it was written: what that leaves open is no skew.
    """
    skew = max(before - (date + 1), date - after, 0.0)
    what = f"clock: {skew:.0f} seconds from Stripe's" if skew else "clock: Stripe's"
    if skew <= MUCH_SKEW:
        return Finding("clock", what)
    cure = f"Let NTP set this machine's clock: at {SIGNATURE_TOLERANCE} seconds every webhook is refused."
    return (failure if skew > TOO_MUCH_SKEW else warning)("clock", what, cure)


def ownership(account: dict[str, Any], settings: Settings, stamp: Installation | None) -> Finding:
    """Whose it is, and whether it may charge."""
    country = account.get("country") or "country unknown"
    what = f"account {account['id']}, {country}, {'live' if settings.livemode else 'test'} mode"
    if stamp is not None and (stamp.stripe_account, stamp.livemode) != (account["id"], settings.livemode):
        cure = f"DATABASE_URL: this database belongs to {stamp.stripe_account}; use its key, or another database."
        return failure("account", what, cure)
    if account.get("charges_enabled") is False:
        cure = "It may not charge yet: finish its activation in Stripe's Dashboard."
        return (failure if settings.livemode else warning)("account", what, cure)
    if account.get("country") and account["country"] not in AMAZON_PAY_COUNTRIES:
        return warning(
            "account", what, "Stripe names no Amazon Pay for businesses of this country; ask for cards alone."
        )
    return Finding("account", what)


async def key(gateway: StripeGateway, settings: Settings) -> Iterable[Finding]:
    """Which it is. What a restricted one may read is tried; what it may write shows only when it is written."""
    is_restricted = settings.stripe_api_key.get_secret_value().startswith("rk_")
    what = f"key: {'restricted' if is_restricted else 'secret'}, {'live' if settings.livemode else 'test'} mode"
    if settings.livemode and settings.in_development:
        return [warning("key", what, "It moves real money, and ASSENT_ENV is development: use a test key here.")]
    if not is_restricted:
        return [Finding("key", what)]
    # Saved methods are listed customer by customer.
    paths = [KINDS[kind].path for kind, asked in LISTS.items() if asked and kind != "payment_method"]
    refused = [path for path in (*paths, "/v1/events") if not await _may_read(gateway, path)]
    if refused:
        cure = f"Give it, in the Dashboard under Developers, API keys, reading of {', '.join(refused)}."
        return [failure("key", what, cure)]
    return [Finding("key", f"{what}; it may read what it has to, and nobody can see beforehand what it may write")]


async def _may_read(gateway: StripeGateway, path: str) -> bool:
    try:
        await gateway.get(path, limit=1)
    except StripeRejected as error:
        if error.http_status != FORBIDDEN:
            raise
        return False
    return True


async def amazon_pay(gateway: StripeGateway, account: dict[str, Any], *, fix: bool) -> Iterable[Finding]:
    """Whether Stripe lets the account take it; if not, what is missing."""
    state = account.get("capabilities", {}).get(AMAZON_PAY, "inactive")
    path = f"/v1/accounts/{account['id']}/capabilities/{AMAZON_PAY}"
    asked = ""
    try:
        if state == "inactive" and fix:
            state = (await gateway.send(Request("post", path, {"requested": True}))).data["status"]
            asked = ", asked for now"
        due = [] if state == "active" else _due((await gateway.get(path)).data)
    except StripeRejected as error:
        # It may be that only the Dashboard can: accounts of platforms ask for them here.
        return [warning("amazon_pay", f"Amazon Pay is {state}", f"See {PAGE}. Stripe says: {error.message}")]
    what = f"Amazon Pay is {state}{asked}"
    if state == "active":
        return [Finding("amazon_pay", what)]
    if due:
        return [warning("amazon_pay", what, f"Stripe wants to know first, in its Dashboard: {', '.join(due)}.")]
    if state == "pending":
        return [warning("amazon_pay", what, "Stripe is looking at it; until then Checkout does not offer it.")]
    return [warning("amazon_pay", what, f"Turn it on in {PAGE}, or run `assent doctor --fix`, which asks for it.")]


def _due(capability: dict[str, Any]) -> list[str]:
    requirements = capability.get("requirements") or {}
    return sorted({*requirements.get("past_due", ()), *requirements.get("currently_due", ())})


async def payment_methods(gateway: StripeGateway) -> Iterable[Finding]:
    """What the Dashboard has switched on for Checkout: without a configuration of its own it takes the default one."""
    configurations = await gateway.list_all("/v1/payment_method_configurations")
    ours = next((each for each in configurations if each["is_default"] and not each.get("application")), None)
    if ours is None:
        return [warning("payment_methods", "no default payment method configuration", f"Make one in {PAGE}.")]
    off = [name for type, name in OFFERED.items() if not _is_on(ours, type)]
    if not off:
        return [Finding("payment_methods", f"payment methods: {' and '.join(OFFERED.values())} are on")]
    what, cure = f"payment methods: {' and '.join(off)} off", f"Turn on what customers are to save in {PAGE}."
    return [(failure if len(off) == len(OFFERED) else warning)("payment_methods", what, cure)]


def _is_on(configuration: dict[str, Any], type: str) -> bool:
    preference = (configuration.get(type) or {}).get("display_preference") or {}
    return preference.get("value") == "on"
