"""The page of one payment, and the stand-ins for the bank's and Amazon's own pages on the way."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox import hosted_payments
from sandbox.core import Sandbox
from sandbox.hosted_payments import Outcome, PaymentClosed
from sandbox.money import money
from sandbox.pages.card_form import CardForm
from sandbox.pages.forms import form
from sandbox.pages.render import notice, page, web_address
from sandbox.test_cards import TEST_CARDS

PAYABLE = ("requires_payment_method", "requires_confirmation")
NO_CARD = CardForm()


def show_payment(sandbox: Sandbox, request: Request) -> Response:
    """What is due, and how it can be paid; a payment that waits for nothing says what became of it."""
    intent = hosted_payments.view(sandbox, request.path_params["id"])
    if intent is None or intent["status"] not in PAYABLE:
        return elsewhere(intent)
    return payment(intent, back(request.query_params.get("return_url")), alarm=last_failure(intent))


def show_authorization(sandbox: Sandbox, request: Request) -> Response:
    """The stand-in for the page of the customer's bank, or of Amazon."""
    intent = hosted_payments.view(sandbox, request.path_params["id"])
    if intent is None or intent["status"] != "requires_action":
        return elsewhere(intent)
    return page("authorize.html", {**common(intent), "type": intent["method"]["type"]})


@form
def submit_card(sandbox: Sandbox, secret: str, fields: FormData) -> Response:
    """Pay with the card of the form, or show the form again with what is wrong."""
    card, return_url = CardForm.read(fields), back(fields.get("return_url"))
    mistake = next(card.mistakes(datetime.fromtimestamp(sandbox.clock.now(), UTC)), None)
    if mistake is None:
        given = (card.number, card.month, card.year)
        return paid(sandbox, secret, fields, lambda: hosted_payments.pay_with_card(sandbox, secret, given, return_url))
    intent = hosted_payments.view(sandbox, secret)
    if intent is None or intent["status"] not in PAYABLE:
        return elsewhere(intent)
    return payment(intent, return_url, card, alarm=mistake.message, wrong_field=mistake.field)


@form
def submit_saved(sandbox: Sandbox, secret: str, fields: FormData) -> Response:
    """Pay with a method that the customer saved before."""
    method, return_url = str(fields.get("payment_method", "")), back(fields.get("return_url"))
    return paid(sandbox, secret, fields, lambda: hosted_payments.pay_with_saved(sandbox, secret, method, return_url))


@form
def submit_amazon_pay(sandbox: Sandbox, secret: str, fields: FormData) -> Response:
    """On to the stand-in for Amazon's page."""
    return_url = back(fields.get("return_url"))
    return paid(sandbox, secret, fields, lambda: hosted_payments.pay_with_amazon(sandbox, secret, return_url))


@form
def answer_authorization(sandbox: Sandbox, secret: str, fields: FormData) -> Response:
    """Complete or fail, and on to where the browser belongs then."""
    agreed = fields.get("decision") in ("authorize", "complete")
    try:
        return RedirectResponse(hosted_payments.answer(sandbox, secret, agreed=agreed), 303)
    except PaymentClosed:
        return elsewhere(hosted_payments.view(sandbox, secret))


def paid(sandbox: Sandbox, secret: str, fields: FormData, pay: Callable[[], Outcome]) -> Response:
    """Try it: on to where it leads, or the page again with what went wrong."""
    try:
        outcome = pay()
    except PaymentClosed:
        return elsewhere(hosted_payments.view(sandbox, secret))
    if outcome.url:
        return RedirectResponse(outcome.url, 303)
    intent = hosted_payments.view(sandbox, secret)
    if intent is None:
        return elsewhere(None)
    return payment(intent, back(fields.get("return_url")), CardForm.read(fields), alarm=outcome.message or "")


def payment(
    intent: Mapping[str, Any],
    return_url: str | None,
    card: CardForm = NO_CARD,
    *,
    alarm: str = "",
    wrong_field: str = "",
) -> Response:
    """The page of a payment that waits for a method. Of a card only the expiry is ever shown again."""
    types = intent["payment_method_types"]
    context = {
        **common(intent),
        "alarm_text": alarm,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "methods": [{"id": each["id"], "label": label(each)} for each in intent["methods"]],
        "offers_amazon_pay": "amazon_pay" in types,
        "offers_card": "card" in types,
        "return_url": return_url,
        "saves": intent["setup_future_usage"] is not None,
        "test_cards": TEST_CARDS,
        "wrong_field": wrong_field,
    }
    return page("pay.html", context)


def common(intent: Mapping[str, Any]) -> dict[str, Any]:
    """What every page of a payment says."""
    invoice = intent["invoice"]
    return {
        "amount": money(intent["amount"], intent["currency"]),
        "about": f"Invoice {invoice['number']}" if invoice else intent["description"],
        "email": (intent["customer"] or {}).get("email"),
        "invoice_url": invoice and invoice["hosted_invoice_url"],
        "merchant": intent["merchant"],
        "secret": intent["client_secret"],
    }


def label(method: Mapping[str, Any]) -> str:
    """A payment method as its owner knows it."""
    if method["type"] == "amazon_pay":
        return "Amazon Pay account"
    return f"{method['card']['brand'].capitalize()} •••• {method['card']['last4']}"


def last_failure(intent: Mapping[str, Any]) -> str:
    """What went wrong the last time, in words for the customer; empty if nothing did."""
    error = intent["last_payment_error"]
    if error is None:
        return ""
    if error["code"] == "payment_intent_authentication_failure":
        return "The payment was not confirmed, so nothing was charged. Try again or choose another method."
    return str(error["message"])


def back(url: object) -> str | None:
    """Where a merchant wants its customer back, if that is an address that a browser may be sent to."""
    return str(url) if web_address(url) else None


def elsewhere(intent: Mapping[str, Any] | None) -> Response:
    """What stands in place of a payment that waits for nothing here, or never was."""
    if intent is None:
        return notice("There is no such payment", "The address may be incomplete.", status=404)
    secret, status = intent["client_secret"], intent["status"]
    if status == "requires_action":
        return RedirectResponse(f"/authorize/{secret}", 303)
    if status in PAYABLE:
        return RedirectResponse(f"/pay/{secret}", 303)
    amount, merchant = money(intent["amount"], intent["currency"]), intent["merchant"]
    if status == "canceled":
        return notice("This payment was canceled", "Nothing was charged.", status=410, tone="wait")
    text = f"{merchant} is told of it; you can close this page."
    heading = f"{amount} paid" if status == "succeeded" else f"{amount} authorized"
    return notice(heading, text, status=200, tone="good")
