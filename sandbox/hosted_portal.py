"""What a customer does in the portal: see what they have, cancel, take that back, choose how they pay."""

from typing import Any

from sandbox.core import Sandbox
from sandbox.errors import StripeError
from sandbox.resources import customers
from sandbox.resources.checkout_sessions import creating
from sandbox.resources.portal import configurations, sessions
from sandbox.resources.subscriptions import canceling, updating
from sandbox.wire.params import Params
from sandbox.work import Object, Work


class PortalClosed(Exception):
    """The session is unknown or over."""


class NotAllowed(Exception):
    """The portal does not allow this, or it cannot be done; the message is for the customer."""


def view(sandbox: Sandbox, token: str) -> dict[str, Any]:
    """The session with `features`, and its customer's `subscriptions`, `methods` and `invoices`.

    Raises PortalClosed.
    """
    with sandbox.work() as work:
        session = _session(work, token)
        owner = {"customer": session["customer"]}
        invoices = work.select("invoice", owner, "AND json_extract(body, '$.status') != 'draft'")
        return {
            **session,
            "customer": work.get("customer", session["customer"]),
            "features": _features(work, session),
            "invoices": invoices,
            "merchant": sandbox.settings.merchant,
            "methods": work.select("payment_method", owner),
            "subscriptions": [
                {**each, "names": _names(work, each)} for each in work.select("subscription", owner) if _shown(each)
            ],
        }


def cancel(sandbox: Sandbox, token: str, subscription_id: str) -> str | None:
    """Cancel as the portal is configured to: at the end of the period, or at once. Raises the two above.

    Where the customer goes then, if they came for this alone.
    """
    with sandbox.work() as work:
        session, subscription = _own(work, token, "subscription", subscription_id)
        feature = _allowed(work, session, "subscription_cancel")
        if feature["mode"] == "immediately":
            _do(lambda: canceling.cancel(work, subscription_id, Params({})))
        else:
            # In flexible mode the portal sets the time, and not the boolean.
            ends = min(item["current_period_end"] for item in subscription["items"]["data"])
            flexible = subscription["billing_mode"]["type"] == "flexible"
            change = {"cancel_at": ends} if flexible else {"cancel_at_period_end": True}
            _do(lambda: updating.update(work, subscription_id, Params(change)))
        return _after(session, "subscription_cancel")


def keep(sandbox: Sandbox, token: str, subscription_id: str) -> None:
    """Take a cancellation back that has not happened yet. Raises the two above."""
    with sandbox.work() as work:
        session, subscription = _own(work, token, "subscription", subscription_id)
        _allowed(work, session, "subscription_cancel")
        by_flag = subscription["cancel_at_period_end"]
        change = {"cancel_at_period_end": False} if by_flag else {"cancel_at": None}
        _do(lambda: updating.update(work, subscription_id, Params(change)))


def make_default(sandbox: Sandbox, token: str, method_id: str) -> None:
    """Pay with this method from now on: the customer's default, and that of every subscription. Raises the two."""
    with sandbox.work() as work:
        session, _ = _own(work, token, "payment_method", method_id)
        _allowed(work, session, "payment_method_update")
        settings = {"invoice_settings": {"default_payment_method": method_id}}
        _do(lambda: customers.update(work, session["customer"], Params(settings)))
        for subscription in work.select("subscription", {"customer": session["customer"]}):
            if _shown(subscription) and subscription["default_payment_method"]:
                change = Params({"default_payment_method": method_id})
                updating.update(work, subscription["id"], change)


def add_method(sandbox: Sandbox, token: str) -> str:
    """The address of a page on which the customer saves a new method, and from which they come back. Raises both."""
    with sandbox.work() as work:
        session = _session(work, token)
        _allowed(work, session, "payment_method_update")
        checkout = creating.create(
            work,
            Params(
                {
                    "mode": "setup",
                    "currency": sandbox.settings.currency,
                    "customer": session["customer"],
                    "success_url": _after(session, "payment_method_update") or session["url"],
                    "cancel_url": session["url"],
                }
            ),
        )
        return str(checkout["url"])


def _session(work: Work, token: str) -> Object:
    session = sessions.find(work, work.sandbox.url(f"/p/session/{token}"))
    if session:
        work.find("customer", session["customer"])  # who may be on a test clock, and then it is their time that counts
    if session is None or session["created"] + sessions.LASTS <= work.now:
        raise PortalClosed
    return session


def _after(session: Object, type: str) -> str | None:
    """Where a session that is for one thing alone sends its customer when that is done."""
    flow = session["flow"]
    redirect = flow["after_completion"]["redirect"] if flow and flow["type"] == type else None
    return str(redirect["return_url"]) if redirect else None


def _own(work: Work, token: str, kind: str, id: str) -> tuple[Object, Object]:
    session = _session(work, token)
    found = work.find(kind, id)
    if found is None or found["customer"] != session["customer"]:
        raise NotAllowed("This is not yours any more.")
    return session, found


def _allowed(work: Work, session: Object, name: str) -> dict[str, Any]:
    feature: dict[str, Any] = _features(work, session)[name]
    if not feature["enabled"]:
        raise NotAllowed("The merchant does not offer this here.")
    return feature


def _features(work: Work, session: Object) -> dict[str, Any]:
    features: dict[str, Any] = work.get(configurations.KIND_NAME, session["configuration"])["features"]
    return features


def _shown(subscription: Object) -> bool:
    return subscription["status"] not in ("canceled", "incomplete_expired")


def _names(work: Work, subscription: Object) -> str:
    items = subscription["items"]["data"]
    return ", ".join(work.get("product", item["price"]["product"])["name"] for item in items)


def _do(change: Any) -> None:
    try:
        change()
    except StripeError as error:
        raise NotAllowed(error.message) from error
