"""Which change of a subscription's life its status allows: one table."""

from collections.abc import Mapping
from enum import StrEnum

from billing.errors import InvalidTransition
from billing.tables import Subscription


class Transition(StrEnum):
    """What can be asked of a subscription that is there."""

    CANCEL_NOW = "CANCEL_NOW"
    CANCEL_AT_PERIOD_END = "CANCEL_AT_PERIOD_END"
    REACTIVATE = "REACTIVATE"
    PAUSE = "PAUSE"
    RESUME = "RESUME"


_ENDED = {
    "canceled": "This subscription has ended already.",
    "incomplete_expired": "This subscription has ended already; its first payment did not come in time.",
}

# Stripe's statuses in which it cannot be, and why. Of a status that is not listed, Stripe itself decides.
REFUSED: Mapping[Transition, Mapping[str, str]] = {
    Transition.CANCEL_NOW: {},
    Transition.CANCEL_AT_PERIOD_END: {
        **_ENDED,
        "incomplete": "This subscription has no period yet, because its first payment is still to come; cancel it NOW.",
        "paused": "This subscription stands still, so no period of it ends; cancel it NOW.",
    },
    Transition.REACTIVATE: {
        **_ENDED,
        "incomplete": "This subscription has not begun yet; its first payment is still to come.",
    },
    Transition.PAUSE: {
        **_ENDED,
        "incomplete": "This subscription has not begun yet; its first payment is still to come.",
        "paused": "This subscription stands still already.",
    },
    Transition.RESUME: {
        **_ENDED,
        "incomplete": "This subscription has not begun yet; its first payment is still to come.",
    },
}


def require_possible(subscription: Subscription, transition: Transition) -> None:
    """Raises InvalidTransition, with the reason, where the subscription's status does not allow it."""
    if reason := REFUSED[transition].get(subscription.status):
        raise InvalidTransition(reason, "subscription", subscription.id)
