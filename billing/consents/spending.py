"""What was charged, or still may be, under a consent in one calendar month."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Consent, Invoice, StripeObject, Subscription

PAID = "paid"
# Statuses from which Stripe may still collect, in whatever month the invoice was made.
COLLECTIBLE = ("draft", "open")


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """The first instants of `now`'s month and of the next one, UTC."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


async def month_total(
    session: AsyncSession,
    consent: Consent,
    now: datetime,
    *,
    except_invoice: str | None = None,
    except_unpaid_of: UUID | None = None,
) -> int:
    """The invoices of subscriptions that rest on the consent: paid in `now`'s month, or still collectible.

    In the smallest unit of the consent's currency. Left out are the invoice with the Stripe id `except_invoice` and
    what is not yet paid of the subscription `except_unpaid_of`: those are what is being decided.
    """
    amount = case((col(Invoice.status) == PAID, col(Invoice.amount_paid)), else_=col(Invoice.amount_due))
    unpaid = col(Invoice.status).in_(COLLECTIBLE)
    statement = (
        select(func.coalesce(func.sum(amount), 0))
        .join(Subscription, col(Subscription.stripe_id) == Invoice.subscription_stripe_id)
        .outerjoin(StripeObject, col(StripeObject.stripe_id) == Invoice.stripe_id)
        .where(Subscription.consent_id == consent.id, or_(unpaid, _paid_in(month_of(now))))
    )
    if except_invoice is not None:
        statement = statement.where(Invoice.stripe_id != except_invoice)
    if except_unpaid_of is not None:
        statement = statement.where(or_(col(Subscription.id) != except_unpaid_of, ~unpaid))
    return int((await session.exec(statement)).one())


def _paid_in(month: tuple[datetime, datetime]) -> ColumnElement[bool]:
    """By the time of payment; where Stripe's object does not tell it, by the invoice's own."""
    start, end = month
    paid_at = col(StripeObject.data)["status_transitions"]["paid_at"].as_float()
    created = and_(paid_at.is_(None), col(Invoice.created_at) >= start, col(Invoice.created_at) < end)
    paid = and_(paid_at >= start.timestamp(), paid_at < end.timestamp())
    return and_(col(Invoice.status) == PAID, or_(paid, created))
