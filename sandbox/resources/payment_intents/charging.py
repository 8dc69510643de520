"""Trying to take a PaymentIntent's money from a payment method."""

from typing import Any

from sandbox import events
from sandbox.errors import DOCS, InvalidRequest, PaymentDeclined
from sandbox.resources import charges, payment_methods
from sandbox.resources.disputes import opening
from sandbox.test_cards import Decline
from sandbox.work import Object, Work


def attempt(work: Work, intent: Object, method: Object, *, can_ask: bool) -> Decline | None:
    """Charge the method once; why it was refused, or None.

    A card whose bank wants to see the customer leaves the intent in requires_action if the customer can be
    asked, and is refused otherwise.
    """
    check_usable(work, intent, method)
    if asks_customer(work, method):
        if not can_ask:
            return _fail(work, intent, method, Decline("authentication_required"))
        _ask_customer(work, intent, method)
        return None
    card = payment_methods.card_of(work, method)
    if card and card.charge_decline:
        return _fail(work, intent, method, card.charge_decline)
    _succeed(work, intent, method)
    return None


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
    """Whether the bank wants to see the customer before this payment."""
    card = payment_methods.card_of(work, method)
    if card is None or card.asks_customer is None:
        return False
    return card.asks_customer == "always" or not work.secret(method["id"]).get("set_up")


def declined(intent: Object, decline: Decline) -> PaymentDeclined:
    """The answer to whoever asked for the payment."""
    error = intent["last_payment_error"]
    return PaymentDeclined(
        decline.message,
        code=decline.code,
        advice_code=decline.advice_code,
        charge=error["charge"],
        decline_code=decline.decline_code,
        payment_intent=intent,
        payment_method=error["payment_method"],
    )


def _succeed(work: Work, intent: Object, method: Object) -> None:
    intent.update(next_action=None, last_payment_error=None, payment_method=method["id"])
    charge = charges.succeed(work, intent, method)
    intent.update(amount_received=intent["amount"], latest_charge=charge["id"], status="succeeded")
    events.emit(work, "payment_intent.succeeded", work.save(intent))
    card = payment_methods.card_of(work, method)
    if card and card.disputed:
        opening.open_dispute(work, charge, *card.disputed)


def _fail(work: Work, intent: Object, method: Object, decline: Decline) -> Decline:
    charge = charges.fail(work, intent, method, decline)
    intent.update(
        last_payment_error=_error(decline, charge, method),
        latest_charge=charge["id"],
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    events.emit(work, "payment_intent.payment_failed", work.save(intent))
    return decline


def _ask_customer(work: Work, intent: Object, method: Object) -> None:
    next_action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    intent.update(next_action=next_action, payment_method=method["id"], status="requires_action")
    events.emit(work, "payment_intent.requires_action", work.save(intent))


def _error(decline: Decline, charge: Object, method: Object) -> dict[str, Any]:
    return {
        "advice_code": decline.advice_code,
        "charge": charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": DOCS + decline.code.replace("_", "-"),
        "message": decline.message,
        "payment_method": method,
        "type": "card_error",
    }
