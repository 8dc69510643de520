"""The hosted Checkout page: what is agreed, a card form, Amazon Pay, and what closed sessions say instead."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox import hosted
from sandbox.core import Sandbox
from sandbox.pages.card_form import CardForm
from sandbox.pages.forms import form
from sandbox.pages.render import notice, page
from sandbox.test_cards import TEST_CARDS

OFFERED = {"card": "a card", "amazon_pay": "Amazon Pay"}
TEXTS = {"submit": "submit", "after_submit": "after_submit", "terms": "terms_of_service_acceptance"}
NOT_AUTHORIZED = {
    "amazon_pay": "Amazon Pay was not authorized, so nothing was saved. Try again or choose another method.",
    "card": "Your bank could not confirm that it is you, so nothing was saved. Try again or use another card.",
}
NO_CARD = CardForm()
DECLINED = "Your card was declined."


def show_checkout(sandbox: Sandbox, request: Request) -> Response:
    """The page of a session; one that is complete, expired or unknown says so."""
    session = hosted.view(sandbox, request.path_params["id"])
    if session is None or session["status"] != "open":
        return closed(session)
    return checkout(session, alarm=last_failure(session))


@form
def submit_card(sandbox: Sandbox, cs_id: str, fields: FormData) -> Response:
    """Save the card of the form, or show the form again with what is wrong."""
    session = hosted.view(sandbox, cs_id)
    if session is None or session["status"] != "open":
        return closed(session)
    card = CardForm.read(fields)
    if mistake := next(card.mistakes(datetime.fromtimestamp(sandbox.clock.now(), UTC)), None):
        return checkout(session, card, alarm=mistake.message, wrong_field=mistake.field)
    try:
        outcome = hosted.submit_card(sandbox, cs_id, card.number, card.month, card.year, card.cvc)
    except hosted.SessionClosed:
        return to_checkout(cs_id)
    if outcome.url is not None:
        return RedirectResponse(outcome.url, 303)
    return checkout(session, card, alarm=outcome.message or DECLINED, wrong_field="number")


@form
def start_amazon_pay(sandbox: Sandbox, cs_id: str, _fields: FormData) -> Response:
    """On to the stand-in for Amazon's page."""
    try:
        return RedirectResponse(hosted.start_amazon_pay(sandbox, cs_id), 303)
    except hosted.SessionClosed:
        return to_checkout(cs_id)


def to_checkout(cs_id: str) -> Response:
    """To the session's page, which shows the state it is in."""
    return RedirectResponse(f"/c/pay/{cs_id}", 303)


def checkout(
    session: Mapping[str, Any], card: CardForm = NO_CARD, *, alarm: str = "", wrong_field: str = ""
) -> Response:
    """The page of an open session. Of the card only the expiry is ever shown again."""
    texts = session["custom_text"] or {}
    offered = session["payment_method_types"]
    context = {
        "id": session["id"],
        "merchant": session["merchant"],
        "cancel_url": session["cancel_url"],
        "email": email(session),
        "description": session["setup_intent"]["description"],
        "expires_at": session["expires_at"],
        "offered": [OFFERED.get(each, each) for each in offered],
        "offers_card": "card" in offered,
        "offers_amazon_pay": "amazon_pay" in offered,
        "alarm_text": alarm,
        "wrong_field": wrong_field,
        "terms_required": (session["consent_collection"] or {}).get("terms_of_service") == "required",
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "test_cards": TEST_CARDS,
        **{f"{key}_text": (texts.get(name) or {}).get("message") for key, name in TEXTS.items()},
    }
    return page("checkout.html", context)


def email(session: Mapping[str, Any]) -> str:
    """The address that the session knows its customer by; empty if it knows none."""
    customer = session["customer"] or {}
    return customer.get("email") or session["customer_email"] or ""


def last_failure(session: Mapping[str, Any]) -> str:
    """What went wrong the last time, in words for the customer; empty if nothing did."""
    error = session["setup_intent"]["last_setup_error"]
    if error is None:
        return ""
    if error["code"] == "setup_intent_authentication_failure":
        return NOT_AUTHORIZED[error["payment_method"]["type"]]
    return str(error["message"])


def closed(session: Mapping[str, Any] | None) -> Response:
    """What stands in place of a session that takes no answer any more, or never was."""
    if session is None:
        return notice(
            "There is no such checkout page",
            "The address may be incomplete, or the sandbox has been emptied since.",
            status=404,
        )
    merchant = session["merchant"]
    if session["status"] == "complete":
        address = (session["success_url"] or "").replace("{CHECKOUT_SESSION_ID}", session["id"])
        text = f"Nothing was charged. {merchant} is told of it; you can close this page."
        return notice("Your payment method is saved", text, status=200, tone="good", back=(merchant, address))
    text = f"Nothing was saved. Go back to {merchant} and start again from there."
    back = (merchant, session["cancel_url"])
    return notice("This checkout page has expired", text, status=410, tone="wait", back=back)
