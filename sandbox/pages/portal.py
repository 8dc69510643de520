"""The customer portal: what a customer has, and the few things that they may change themselves."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox import hosted_portal
from sandbox.core import Sandbox
from sandbox.hosted_portal import NotAllowed, PortalClosed
from sandbox.money import money
from sandbox.pages.forms import form
from sandbox.pages.payments import label
from sandbox.pages.render import day, notice, page


def show_portal(sandbox: Sandbox, request: Request) -> Response:
    """The portal of a session; one that is over says so."""
    return portal(sandbox, request.path_params["id"])


@form
def cancel(sandbox: Sandbox, token: str, fields: FormData) -> Response:
    """Cancel a subscription."""
    return changed(sandbox, token, lambda: hosted_portal.cancel(sandbox, token, str(fields.get("subscription"))))


@form
def keep(sandbox: Sandbox, token: str, fields: FormData) -> Response:
    """Take its cancellation back."""
    return changed(sandbox, token, lambda: hosted_portal.keep(sandbox, token, str(fields.get("subscription"))))


@form
def make_default(sandbox: Sandbox, token: str, fields: FormData) -> Response:
    """Pay with another of one's methods from now on."""
    method = str(fields.get("payment_method"))
    return changed(sandbox, token, lambda: hosted_portal.make_default(sandbox, token, method))


@form
def add_method(sandbox: Sandbox, token: str, _fields: FormData) -> Response:
    """On to a page on which a new method is saved."""
    return changed(sandbox, token, lambda: hosted_portal.add_method(sandbox, token))


def changed(sandbox: Sandbox, token: str, change: Callable[[], str | None]) -> Response:
    """Do it, and on to where it leads, or back to the portal with what is wrong."""
    try:
        return RedirectResponse(change() or f"/p/session/{token}", 303)
    except NotAllowed as refusal:
        return portal(sandbox, token, alarm=str(refusal))
    except PortalClosed:
        return portal(sandbox, token)


def portal(sandbox: Sandbox, token: str, alarm: str = "") -> Response:
    """The page as it is now."""
    try:
        session = hosted_portal.view(sandbox, token)
    except PortalClosed:
        text = "Go back to the merchant's page and open it again from there."
        return notice("This page is not open any more", text, status=410, tone="wait")
    features, flow = session["features"], session["flow"]
    came_for = flow["type"] if flow else None
    wanted = flow["subscription_cancel"]["subscription"] if came_for == "subscription_cancel" else None
    default = session["customer"]["invoice_settings"]["default_payment_method"]
    context = {
        "alarm_text": alarm,
        "email": session["customer"]["email"],
        "invoices": session["invoices"] if features["invoice_history"]["enabled"] and not flow else None,
        "may_cancel": features["subscription_cancel"]["enabled"],
        "may_pay_otherwise": features["payment_method_update"]["enabled"],
        "merchant": session["merchant"],
        "methods": [
            {"id": each["id"], "label": label(each), "default": each["id"] == default} for each in session["methods"]
        ],
        "return_url": session["return_url"],
        "shows_methods": came_for in (None, "payment_method_update"),
        "shows_subscriptions": came_for in (None, "subscription_cancel"),
        "subscriptions": [
            subscription(each, session["methods"]) for each in session["subscriptions"] if wanted in (None, each["id"])
        ],
        "token": token,
    }
    return page("portal.html", context)


def subscription(shown: Mapping[str, Any], methods: list[dict[str, Any]]) -> dict[str, Any]:
    """A subscription as its customer sees it."""
    items = shown["items"]["data"]
    end = min(item["current_period_end"] for item in items)
    ends_at = shown["cancel_at"]
    method = next((each for each in methods if each["id"] == shown["default_payment_method"]), None)
    return {
        "id": shown["id"],
        "names": shown["names"],
        "price": ", ".join(price(item) for item in items),
        "status": shown["status"],
        "next": f"Ends on {day(ends_at)}" if ends_at else f"Renews on {day(end)}",
        "ending": ends_at is not None,
        "method": label(method) if method else None,
    }


def price(item: Mapping[str, Any]) -> str:
    """What an item costs in its interval."""
    recurring, amount = item["price"]["recurring"], item["price"]["unit_amount"]
    each = "" if amount is None else money(amount, item["price"]["currency"])
    times = f"{item['quantity']} × " if item.get("quantity", 1) != 1 else ""  # noqa: RUF001
    count, interval = recurring["interval_count"], recurring["interval"]
    return f"{times}{each} every {interval if count == 1 else f'{count} {interval}s'}"
