"""Setup sessions: the hosted page, and what came of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import case, func
from sqlmodel import select

from billing import tables
from schema.context import Context
from schema.enums import SetupMethodType
from schema.nodes import Node
from schema.nouns import Consent, Customer, PaymentMethod
from schema.reads import as_enum, column, described, filled, node, one, part, word
from schema.scalars import URL
from schema.statuses import SetupIntentStatus, SetupSessionStatus

table: Any = tables.SetupSession
intent: Any = tables.SetupIntent


def _of_intent(column_of_intent: Any) -> Any:
    """A column of the session's SetupIntent."""
    found = select(column_of_intent).where(intent.stripe_id == table.setup_intent_stripe_id)
    return found.limit(1).scalar_subquery()


async def _offered(_context: Context, session: dict[str, Any]) -> list[SetupMethodType]:
    """Those of what Stripe offers that are kinds of ours, in our order."""
    return [each for each in SetupMethodType if each.value.lower() in session["types"]]


@described
class SetupFailure:
    """Why the last try to save a method came to nothing."""

    code: str = column(func.coalesce(_of_intent(intent.failure_code), "setup_failed"), "Stripe's code.")
    message: str = column(
        func.coalesce(_of_intent(intent.failure_message), "The payment method could not be saved."),
        "One sentence for the customer.",
    )


@described
@node(table, "setup_session", owner="customer_id", stripe="cs_")
class SetupSession(Node):
    """A Stripe Checkout Session in setup mode: the hosted page on which the customer saves a method."""

    customer: Customer = one("Who is to save a method.", on=tables.Customer.id == table.customer_id)
    consent: Consent = one("The consent under which it is saved.", on=tables.Consent.id == table.consent_id)
    status: SetupSessionStatus = word(table.status, SetupSessionStatus, "How far the page has come.")
    setup_status: SetupIntentStatus | None = column(
        as_enum(_of_intent(intent.status), SetupIntentStatus), "How far saving the method has come."
    )
    offered_types: list[SetupMethodType] = filled(
        "What Checkout really offers, read back from Stripe.", _offered, types=table.offered_types
    )
    url: URL | None = column(
        case((table.status == "open", table.url)),
        "Where to send the customer; null once the session is no longer open.",
    )
    payment_method: PaymentMethod | None = one(
        "What was saved.", on=tables.PaymentMethod.stripe_id == _of_intent(intent.payment_method_stripe_id)
    )
    failure: SetupFailure | None = part(
        "Why the last try came to nothing; null while none has, and after one that worked.",
        when=func.coalesce(_of_intent(intent.failure_code), _of_intent(intent.failure_message)).is_not(None),
    )
    stripe_checkout_session_id: str = column(table.stripe_id, "Stripe's id: cs_...")
    stripe_setup_intent_id: str | None = column(table.setup_intent_stripe_id, "Stripe's id: seti_...")
    created_at: datetime = column(table.created_at, "When it was made at Stripe.")
    expires_at: datetime = column(table.expires_at, "When the page stops working.")
