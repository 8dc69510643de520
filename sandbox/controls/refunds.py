"""How a refund ends that is still on its way."""

from sandbox.controls.control import Control
from sandbox.controls.fields import Fields
from sandbox.resources import refunds
from sandbox.work import Object, Work

REASONS = (
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
)
"""Why a refund can fail, in Stripe's words."""


def settle(work: Work, fields: Fields) -> Object:
    """The money of a pending `refund` has arrived."""
    return refunds.settle(work, fields.object(work, "refund"))


def fail(work: Work, fields: Fields) -> Object:
    """The money of a `refund` could not be given back, for a `reason`."""
    return refunds.fail(work, fields.object(work, "refund"), fields.choice("reason", REASONS, refunds.FAILURE))


CONTROLS = (Control("refunds/settle", settle), Control("refunds/fail", fail))
