"""What a customer does to pay: see what is due, choose a method, answer their bank or Amazon.

The client secret of the PaymentIntent is the key to all of it, as it is in Stripe's own forms.
Addresses of the pages: `/pay/<client secret>` and, for the bank or Amazon, `/authorize/<client secret>`.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from sandbox.core import Sandbox
from sandbox.errors import InvalidRequest
from sandbox.resources import payment_methods
from sandbox.resources.invoices import collecting
from sandbox.resources.payment_intents import confirming
from sandbox.test_cards import BY_NUMBER, Decline, luhn
from sandbox.work import Object, Work

INCORRECT_NUMBER = "Your card number is incorrect."


class PaymentClosed(Exception):
    """The payment is over, unknown, or waits for something else: show its state instead."""


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: the browser goes to `url`, or is shown `message` on the form."""

    url: str | None = None
    message: str | None = None


def view(sandbox: Sandbox, secret: str) -> dict[str, Any] | None:
    """The intent as the API shows it, with `customer`, `invoice` and `methods` as objects; None if there is none.

    `methods` are those that the customer saved and the intent takes, newest first.
    """
    with sandbox.work() as work:
        intent = _find(work, secret)
        if intent is None:
            return None
        return {
            **intent,
            "customer": work.find("customer", intent["customer"]) if intent["customer"] else None,
            "invoice": collecting.invoice_of(work, intent),
            "merchant": sandbox.settings.merchant,
            "method": work.find("payment_method", intent["payment_method"]) if intent["payment_method"] else None,
            "methods": _saved(work, intent),
        }


def pay_with_card(sandbox: Sandbox, secret: str, card: tuple[str, int, int], return_url: str | None) -> Outcome:
    """Pay with a new card: number, month and year (four digits). Raises PaymentClosed."""
    number, exp_month, exp_year = card
    with sandbox.work() as work:
        intent = _payable(work, secret, "card")
        known = BY_NUMBER.get(number)
        if known is None:
            # Not one of ours, perhaps a real one: nothing of it is kept.
            right = number.isdecimal() and luhn(number)
            return Outcome(message=Decline("test_mode_live_card").message if right else INCORRECT_NUMBER)
        return _confirm(work, intent, payment_methods.add_card(work, known, exp_month, exp_year), return_url)


def pay_with_amazon(sandbox: Sandbox, secret: str, return_url: str | None) -> Outcome:
    """Pay with an Amazon Pay account, on Amazon's stand-in page. Raises PaymentClosed."""
    with sandbox.work() as work:
        intent = _payable(work, secret, "amazon_pay")
        return _confirm(work, intent, payment_methods.add_amazon_pay(work), return_url)


def pay_with_saved(sandbox: Sandbox, secret: str, method_id: str, return_url: str | None) -> Outcome:
    """Pay with one of the customer's own methods. Raises PaymentClosed."""
    with sandbox.work() as work:
        intent = _payable(work, secret)
        method = next((each for each in _saved(work, intent) if each["id"] == method_id), None)
        if method is None:
            return Outcome(message="This payment method is not yours any more. Choose another one.")
        return _confirm(work, intent, method, return_url)


def answer(sandbox: Sandbox, secret: str, *, agreed: bool) -> str:
    """Where the browser goes after the bank's or Amazon's page. Raises PaymentClosed."""
    with sandbox.work() as work:
        intent = _find(work, secret)
        if intent is None or intent["status"] != "requires_action":
            raise PaymentClosed
        redirect = intent["next_action"].get("redirect_to_url")
        return_url = redirect["return_url"] if redirect else None
        confirming.answer(work, intent, agreed=agreed)
        return way_back(sandbox, intent, return_url)


def way_back(sandbox: Sandbox, intent: Object, return_url: str | None) -> str:
    """The merchant's page, told of the outcome as Stripe tells it; this payment's own page if there is none."""
    if return_url is None or return_url.startswith(sandbox.url("/pay/")):
        return sandbox.url(f"/pay/{intent['client_secret']}")
    told = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "failed" if intent["status"] == "requires_payment_method" else "succeeded",
    }
    parts = urlsplit(return_url)
    query = "&".join(filter(None, [parts.query, urlencode(told)]))
    return urlunsplit(parts._replace(query=query))


def _confirm(work: Work, intent: Object, method: Object, return_url: str | None) -> Outcome:
    page = work.sandbox.url(f"/pay/{intent['client_secret']}")
    try:
        decline = confirming.confirm(work, intent, method, can_ask=True, return_url=return_url or page)
    except InvalidRequest as error:
        return Outcome(message=error.message)
    if decline:
        return Outcome(message=decline.message)
    if intent["status"] == "requires_action":
        return Outcome(work.sandbox.url(f"/authorize/{intent['client_secret']}"))
    return Outcome(way_back(work.sandbox, intent, return_url))


def _find(work: Work, secret: str) -> Object | None:
    id = secret.partition("_secret_")[0]
    intent = work.find("payment_intent", id)
    return intent if intent and intent["client_secret"] == secret else None


def _payable(work: Work, secret: str, type: str | None = None) -> Object:
    intent = _find(work, secret)
    if intent is None or intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise PaymentClosed
    if type and type not in intent["payment_method_types"]:
        raise PaymentClosed
    return intent


def _saved(work: Work, intent: Object) -> list[Object]:
    if intent["customer"] is None:
        return []
    methods = work.select("payment_method", {"customer": intent["customer"]})
    return [each for each in methods if each["type"] in intent["payment_method_types"]]
