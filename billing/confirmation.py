"""Payments that only the customer can finish: the bank, or Amazon, wants to hear from the customer first."""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from billing.tables import Payment

# Stripe's words for it, as `code` or `decline_code`: https://docs.stripe.com/declines/codes
AUTHENTICATION_CODES = frozenset({"authentication_required", "invoice_payment_intent_requires_action"})

# Of a customer who was asked, and did not confirm: there may be another try.
UNCONFIRMED = "payment_intent_authentication_failure"

# How long a charge of Assent's own waits for the customer before it is canceled.
KEPT = timedelta(hours=23)


def wants_customer(code: str | None, decline_code: str | None) -> bool:
    """Whether a refusal with these codes is no decline: the same payment can still be confirmed."""
    return code in AUTHENTICATION_CODES or decline_code in AUTHENTICATION_CODES


def waits_for_customer() -> ColumnElement[bool]:
    """The same of a row of `payments`: confirmed or asked for with nobody there, and not over."""
    codes = [col(Payment.failure_code), col(Payment.failure_decline_code)]
    refused = or_(*(code.in_(sorted(AUTHENTICATION_CODES)) for code in codes))
    status = col(Payment.status)
    return or_(status == "requires_action", and_(status == "requires_payment_method", refused))
