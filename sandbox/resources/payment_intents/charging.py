"""Trying to take a PaymentIntent's money from a payment method."""

from typing import Any

from sandbox import events
from sandbox.errors import DOCS, InvalidRequest, PaymentDeclined
from sandbox.resources import charges, early_fraud_warnings, mandates, payment_methods, planned_failures
from sandbox.resources.disputes import opening
from sandbox.test_cards import Decline
from sandbox.work import Object, Work


def attempt(
    work: Work, intent: Object, method: Object, *, can_ask: bool, return_url: str | None = None
) -> Decline | None:
    """Charge the method once; why it was refused, or None.

    A method whose bank or wallet wants to see the customer leaves the intent in requires_action if the customer can be
    asked, and is refused otherwise. `return_url`: where their page is to send them back to.
    """
    check_usable(work, intent, method)
    if decline := planned_failures.take(work, intent, method):
        return _fail(work, intent, method, decline)
    if asks_customer(work, method):
        if not can_ask:
            return _fail(work, intent, method, Decline("authentication_required"))
        _ask_customer(work, intent, method, return_url)
        return None
    return charge(work, intent, method)


def charge(work: Work, intent: Object, method: Object) -> Decline | None:
    """Take the money of a customer who need not be asked any more; why it was refused, or None."""
    if decline := _refusal(work, method):
        return _fail(work, intent, method, decline)
    if intent["capture_method"] == "manual":
        _authorize(work, intent, method)
    else:
        _succeed(work, intent, method)
    return None


def capture(work: Work, intent: Object, amount: int) -> Object:
    """Take so much of what the intent has authorized."""
    charges.capture(work, work.get("charge", intent["latest_charge"]), amount)
    intent.update(amount_capturable=0, amount_received=amount, status="succeeded")
    events.emit(work, "payment_intent.succeeded", work.save(intent))
    return intent


def not_authenticated(work: Work, intent: Object, method: Object) -> Decline:
    """The customer did not confirm on the page of their bank or wallet: nothing was charged."""
    decline = Decline("payment_intent_authentication_failure")
    _give_back(work, intent, _error(decline, None, method))
    return decline


def check_usable(work: Work, intent: Object, method: Object) -> None:
    """InvalidRequest unless the method belongs to the intent's customer and is of an allowed type."""
    if work.secret(method["id"]).get("detached"):
        raise InvalidRequest(
            "The provided PaymentMethod was detached from a Customer. It may not be used again.",
            param="payment_method",
        )
    if method["customer"] != intent["customer"] and method["customer"] is not None:
        raise InvalidRequest(
            "The provided PaymentMethod belongs to a customer; that must be the `customer` of this PaymentIntent.",
            param="payment_method",
        )
    if method["type"] not in intent["payment_method_types"]:
        raise InvalidRequest(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent, which takes "
            f"{', '.join(intent['payment_method_types'])}.",
            code="payment_intent_incompatible_payment_method",
            param="payment_method",
        )


def asks_customer(work: Work, method: Object) -> bool:
    """Whether the bank or the wallet wants to see the customer before this payment."""
    set_up = work.secret(method["id"]).get("set_up", False)
    card = payment_methods.card_of(work, method)
    if card is None:
        return not set_up
    return card.asks_customer == "always" or (card.asks_customer == "until_set_up" and not set_up)


def declined(intent: Object, decline: Decline) -> PaymentDeclined:
    """The answer to whoever asked for the payment."""
    error = intent["last_payment_error"]
    return PaymentDeclined(
        decline.message,
        code=decline.code,
        advice_code=decline.advice_code,
        charge=error.get("charge"),
        decline_code=decline.decline_code,
        payment_intent=intent,
        payment_method=error["payment_method"],
    )


def _refusal(work: Work, method: Object) -> Decline | None:
    """Why the method cannot be charged: its card declines, or its permission was withdrawn."""
    if card := payment_methods.card_of(work, method):
        return card.charge_decline
    return None if mandates.stands(work, method) else Decline("payment_intent_mandate_invalid")


def _succeed(work: Work, intent: Object, method: Object) -> None:
    charge = charges.succeed(work, intent, method)
    _keep_method(work, intent, method)
    intent.update(
        amount_received=intent["amount"],
        last_payment_error=None,
        latest_charge=charge["id"],
        next_action=None,
        payment_method=method["id"],
        status="succeeded",
    )
    events.emit(work, "payment_intent.succeeded", work.save(intent))
    card = payment_methods.card_of(work, method)
    if card and card.disputed:
        opening.open_dispute(work, charge, *card.disputed)
    if card and card.warned_of:
        early_fraud_warnings.add(work, charge)


def _authorize(work: Work, intent: Object, method: Object) -> None:
    charge = charges.authorize(work, intent, method)
    _keep_method(work, intent, method)
    intent.update(
        amount_capturable=intent["amount"],
        last_payment_error=None,
        latest_charge=charge["id"],
        next_action=None,
        payment_method=method["id"],
        status="requires_capture",
    )
    events.emit(work, "payment_intent.amount_capturable_updated", work.save(intent))


def _keep_method(work: Work, intent: Object, method: Object) -> None:
    """Attach a new method that is to serve later payments as well."""
    if intent["setup_future_usage"] and intent["customer"] and method["customer"] is None:
        payment_methods.attach_to(work, method, intent["customer"])
        work.keep_secret(method["id"], set_up=True)
        if method["type"] == "amazon_pay":
            mandates.add(work, method, None, None)


def _fail(work: Work, intent: Object, method: Object, decline: Decline) -> Decline:
    charge = charges.fail(work, intent, method, decline)
    intent["latest_charge"] = charge["id"]
    _give_back(work, intent, _error(decline, charge, method))
    return decline


def _give_back(work: Work, intent: Object, error: dict[str, Any]) -> None:
    """The intent waits for another method."""
    intent.update(last_payment_error=error, next_action=None, payment_method=None, status="requires_payment_method")
    events.emit(work, "payment_intent.payment_failed", work.save(intent))


def _ask_customer(work: Work, intent: Object, method: Object, return_url: str | None) -> None:
    intent.update(next_action=_next_action(work, intent, method, return_url), payment_method=method["id"])
    intent["status"] = "requires_action"
    events.emit(work, "payment_intent.requires_action", work.save(intent))


def _next_action(work: Work, intent: Object, method: Object, return_url: str | None) -> dict[str, Any]:
    """A page of the customer's bank or wallet; without a way back it is Stripe.js that shows it."""
    if return_url is None and method["type"] == "amazon_pay":
        raise InvalidRequest(
            "A `return_url` must be specified: Amazon Pay sends the customer to a page of its own.", param="return_url"
        )
    if return_url is None:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    url = work.sandbox.url(f"/authorize/{intent['client_secret']}")
    return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}


def _error(decline: Decline, charge: Object | None, method: Object) -> dict[str, Any]:
    told = {
        "advice_code": decline.advice_code,
        "charge": charge and charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": DOCS + decline.code.replace("_", "-"),
        "message": decline.message,
        "payment_method": method,
        "type": "card_error",
    }
    return {name: value for name, value in told.items() if value is not None}
