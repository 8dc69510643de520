"""What a customer does on the hosted pages: see a Checkout session, enter a card, go to Amazon and come back.

Plain functions for the pages; every change goes through the same resources and events as the API's own.
Addresses of the pages: `/c/pay/<cs_id>` Checkout, `/amazon_pay/<seti_id>` Amazon, `/challenge/<seti_id>` the bank.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sandbox.core import Sandbox
from sandbox.resources import mandates, payment_methods, setup_intents
from sandbox.resources.checkout_sessions import closing
from sandbox.test_cards import BY_NUMBER, Decline, TestCard, luhn
from sandbox.work import Object, Work

INCORRECT_NUMBER = "Your card number is incorrect."
UNAUTHENTICATED = {
    "code": "setup_intent_authentication_failure",
    "doc_url": "https://stripe.com/docs/error-codes/setup-intent-authentication-failure",
    "message": "The latest attempt to set up the payment method has failed because authentication failed.",
    "type": "invalid_request_error",
}


class SessionClosed(Exception):
    """The session is complete, expired or unknown, or nothing waits for this answer: show its state instead."""


@dataclass(frozen=True)
class Outcome:
    """What became of a submitted card.

    saved: send the browser to `url`, the merchant's success page.
    challenge: the bank wants to see the customer; send the browser to `url`, the challenge page.
    declined: show `message` on the form; the session stays open.
    """

    status: Literal["saved", "declined", "challenge"]
    url: str | None = None
    message: str | None = None


def view(sandbox: Sandbox, cs_id: str) -> dict[str, Any] | None:
    """The session as the API shows it, with `setup_intent` and `customer` as objects; None if there is none.

    `status` open, complete or expired decides which page to show; `payment_method_types` which methods to offer;
    `setup_intent["last_setup_error"]["message"]` what went wrong last. `merchant` is the account's display name.
    """
    with sandbox.work() as work:
        session = work.find("checkout.session", cs_id)
        return _shown(work, session) if session else None


def view_setup_intent(sandbox: Sandbox, seti_id: str) -> dict[str, Any] | None:
    """The SetupIntent with its session beside it (`session`, as `view` gives it); None if there is none.

    A page for Amazon or the bank is due only while `status` is requires_action.
    """
    with sandbox.work() as work:
        intent = work.find("setup_intent", seti_id)
        return {**intent, "session": _shown(work, _session_of(work, intent))} if intent else None


def submit_card(sandbox: Sandbox, cs_id: str, number: str, exp_month: int, exp_year: int, cvc: str) -> Outcome:
    """Confirm the session's SetupIntent with a card. `exp_year` has four digits.

    Raises SessionClosed.
    """
    with sandbox.work() as work:
        session, intent = _open(work, cs_id, "card")
        card = BY_NUMBER.get(number)
        if card is None:
            # Not one of ours, perhaps a real one: nothing of it is kept.
            return Outcome("declined", message=_unknown(number))
        allow_redisplay = work.secret(cs_id).get("allow_redisplay", "limited")
        method = payment_methods.add_card(work, card, exp_month, exp_year, allow_redisplay=allow_redisplay)
        return _confirm(work, session, intent, method, card, cvc)


def start_amazon_pay(sandbox: Sandbox, cs_id: str) -> str:
    """Confirm the session's SetupIntent with Amazon Pay; the address of Amazon's stand-in page.

    Raises SessionClosed.
    """
    with sandbox.work() as work:
        session, intent = _open(work, cs_id, "amazon_pay")
        allow_redisplay = work.secret(cs_id).get("allow_redisplay", "limited")
        method = payment_methods.add_amazon_pay(work, allow_redisplay=allow_redisplay)
        url = sandbox.url(f"/amazon_pay/{intent['id']}")
        setup_intents.ask_customer(work, intent, method, url, session["url"])
        return url


def finish_amazon_pay(sandbox: Sandbox, seti_id: str, authorize: bool) -> str:
    """Where the browser goes next: the success page if the customer authorized, else back to Checkout.

    Raises SessionClosed.
    """
    with sandbox.work() as work:
        session, intent, method = _waiting(work, seti_id, "amazon_pay")
        if not authorize:
            setup_intents.fail(work, intent, method, UNAUTHENTICATED)
            return str(session["url"])
        mandate = mandates.add(work, method, "127.0.0.1", None)
        return _save(work, session, intent, method, mandate)


def confirm_challenge(sandbox: Sandbox, seti_id: str, ok: bool) -> str:
    """The bank's answer: the address of the success page, or of Checkout again if the customer failed.

    Raises SessionClosed.
    """
    with sandbox.work() as work:
        session, intent, method = _waiting(work, seti_id, "card")
        if not ok:
            setup_intents.fail(work, intent, method, UNAUTHENTICATED)
            return str(session["url"])
        return _save(work, session, intent, method)


def _confirm(work: Work, session: Object, intent: Object, method: Object, card: TestCard, cvc: str) -> Outcome:
    if decline := _decline(card, cvc):
        setup_intents.fail(work, intent, method, _card_error(decline))
        return Outcome("declined", message=decline.message)
    if card.asks_customer:
        url = work.sandbox.url(f"/challenge/{intent['id']}")
        setup_intents.ask_customer(work, intent, method, url, session["url"])
        return Outcome("challenge", url)
    return Outcome("saved", _save(work, session, intent, method))


def _save(work: Work, session: Object, intent: Object, method: Object, mandate: Object | None = None) -> str:
    closing.give_customer(work, session, intent)
    setup_intents.succeed(work, intent, method, mandate)
    return closing.complete(work, session)


def _decline(card: TestCard, cvc: str) -> Decline | None:
    return card.setup_decline or (None if cvc else Decline("incorrect_cvc"))


def _unknown(number: str) -> str:
    right = number.isdecimal() and luhn(number)
    return Decline("test_mode_live_card").message if right else INCORRECT_NUMBER


def _card_error(decline: Decline) -> dict[str, Any]:
    return {
        "advice_code": decline.advice_code,
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": "https://stripe.com/docs/error-codes/" + decline.code.replace("_", "-"),
        "message": decline.message,
        "type": "card_error",
    }


def _open(work: Work, cs_id: str, type: str) -> tuple[Object, Object]:
    session = work.find("checkout.session", cs_id)
    if session is None or session["status"] != "open" or type not in session["payment_method_types"]:
        raise SessionClosed
    return session, work.get("setup_intent", session["setup_intent"])


def _waiting(work: Work, seti_id: str, type: str) -> tuple[Object, Object, Object]:
    intent = work.find("setup_intent", seti_id)
    if intent is None or intent["status"] != "requires_action":
        raise SessionClosed
    method = work.get("payment_method", intent["payment_method"])
    if method["type"] != type:
        raise SessionClosed
    return _session_of(work, intent), intent, method


def _session_of(work: Work, intent: Object) -> Object:
    return work.select("checkout.session", {"setup_intent": intent["id"]})[0]


def _shown(work: Work, session: Object) -> dict[str, Any]:
    return {
        **session,
        "customer": work.find("customer", session["customer"]) if session["customer"] else None,
        "merchant": work.sandbox.settings.merchant,
        "setup_intent": work.get("setup_intent", session["setup_intent"]),
    }
