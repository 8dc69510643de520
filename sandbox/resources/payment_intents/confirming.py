"""Confirming a PaymentIntent, by the merchant or by the customer on a page, and what follows for its invoice."""

from sandbox.resources.invoices import collecting
from sandbox.resources.payment_intents import charging
from sandbox.test_cards import Decline
from sandbox.work import Object, Work

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def confirm(
    work: Work, intent: Object, method: Object, *, can_ask: bool, return_url: str | None = None
) -> Decline | None:
    """Try the method once; why it was refused, or None. `return_url`: the way back from a page of the customer's."""
    decline = charging.attempt(work, intent, method, can_ask=can_ask, return_url=return_url)
    collecting.follow_up(work, intent, decline)
    return decline


def answer(work: Work, intent: Object, *, agreed: bool) -> Decline | None:
    """What the customer did on the page of their bank or wallet, for an intent in requires_action."""
    method = work.get("payment_method", intent["payment_method"])
    decide = charging.charge if agreed else charging.not_authenticated
    decline = decide(work, intent, method)
    collecting.follow_up(work, intent, decline)
    return decline
