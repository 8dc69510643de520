"""Disputes as the customer, the bank and Amazon make them go."""

from sandbox.controls.control import Control
from sandbox.controls.fields import Fields
from sandbox.resources.disputes import deciding, opening
from sandbox.work import Object, Work

LARGEST = 99_999_999


def open_dispute(work: Work, fields: Fields) -> Object:
    """Dispute a `charge`, or that of a `payment_intent`: `sort`, `reason`, and `amount` if not all of it."""
    sort = fields.choice("sort", opening.SORTS, "chargeback")
    reason = fields.choice("reason", opening.REASONS, "fraudulent")
    amount = fields.integer("amount", -1, 1, LARGEST)
    return opening.open_dispute(work, _charge(work, fields), sort, reason, amount if amount > 0 else None)


def win(work: Work, fields: Fields) -> Object:
    """Decide a `dispute` for the merchant."""
    return deciding.win(work, fields.object(work, "dispute"))


def lose(work: Work, fields: Fields) -> Object:
    """Decide a `dispute` for the customer."""
    return deciding.lose(work, fields.object(work, "dispute"))


def _charge(work: Work, fields: Fields) -> Object:
    if fields.optional("payment_intent") is None:
        return fields.object(work, "charge")
    intent = fields.object(work, "payment_intent")
    if intent["latest_charge"] is None:
        fields.refuse("payment_intent", "has no charge yet: name one that was paid")
    return work.get("charge", intent["latest_charge"])


CONTROLS = (
    Control("disputes/open", open_dispute),
    Control("disputes/win", win),
    Control("disputes/lose", lose),
)
