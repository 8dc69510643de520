"""What rests on a consent."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.confirmation import waits_for_customer
from billing.errors import Scope
from billing.tables import (
    ENDED,
    Consent,
    ConsentUsage,
    Customer,
    Invoice,
    InvoicePayment,
    Payment,
    Price,
    SetupSession,
    StripeObject,
    Subscription,
    SubscriptionItem,
)

# For payments that have been sent and can still succeed.
UNDER_WAY = ("processing", "requires_action", "requires_capture")

Interval = tuple[str | None, int | None]


async def live_subscriptions(session: AsyncSession, consent: Consent) -> list[Subscription]:
    """Those that have not ended, oldest first."""
    statement = select(Subscription).where(
        Subscription.consent_id == consent.id, col(Subscription.status).not_in(ENDED)
    )
    ordered = statement.order_by(col(Subscription.created_at), col(Subscription.id))
    return list((await session.exec(ordered)).all())


async def open_setup_sessions(session: AsyncSession, consents: Iterable[Consent]) -> tuple[UUID, ...]:
    """Hosted pages on which a method could still be saved under one of them."""
    ids = [consent.id for consent in consents]
    statement = select(SetupSession.id).where(col(SetupSession.consent_id).in_(ids), SetupSession.status == "open")
    return tuple((await session.exec(statement.order_by(col(SetupSession.id)))).all())


async def payments_under_way(session: AsyncSession, consent: Consent) -> tuple[UUID, ...]:
    """Payments that were sent and can still succeed: its own, and those of invoices of its subscriptions."""
    of_invoices = (
        select(InvoicePayment.payment_intent_stripe_id)
        .join(Invoice, col(Invoice.stripe_id) == InvoicePayment.invoice_stripe_id)
        .join(Subscription, col(Subscription.stripe_id) == Invoice.subscription_stripe_id)
        .where(Subscription.consent_id == consent.id)
    )
    rests = (col(Payment.consent_id) == consent.id) | col(Payment.stripe_id).in_(of_invoices)
    still = col(Payment.status).in_(UNDER_WAY) | waits_for_customer()
    statement = select(Payment.id).where(rests, still)
    return tuple((await session.exec(statement.order_by(col(Payment.id)))).all())


async def needed_by(session: AsyncSession, subscription: Subscription) -> Scope | None:
    """What a consent has to allow for the subscription as it is; None while its items are not known.

    Items with several intervals count as if they fell due together at the shortest one.
    """
    statement = (
        select(Price, SubscriptionItem.quantity)
        .join(SubscriptionItem, col(SubscriptionItem.price_stripe_id) == Price.stripe_id)
        .where(SubscriptionItem.subscription_id == subscription.id)
    )
    items = (await session.exec(statement)).all()
    intervals = [(price.interval_unit, price.interval_count) for price, _ in items if price.interval_unit]
    if not intervals:
        return None
    unit, count = shortest(intervals)
    return Scope(
        usage=ConsentUsage.RECURRING,
        interval_unit=unit,
        interval_count=count,
        currency=items[0][0].currency,
        maximum_amount=await _amount(session, subscription, [(price.unit_amount, many) for price, many in items]),
        product_ids=tuple(sorted({price.product_id for price, _ in items})),
    )


async def known_to_be_needed_by(session: AsyncSession, subscription: Subscription) -> Scope | None:
    """The same as far as it is certain: by how much a discount lowers the amount shows on each draft alone."""
    needed = await needed_by(session, subscription)
    if needed is None:
        return None
    customer = await session.get_one(Customer, subscription.customer_id)
    own = await session.get(StripeObject, subscription.stripe_id, populate_existing=True)
    general = await session.get(StripeObject, customer.stripe_id, populate_existing=True)
    discounted = (own and own.data.get("discounts")) or (general and general.data.get("discount"))
    return replace(needed, maximum_amount=0) if discounted else needed


def shortest(intervals: Iterable[Interval]) -> Interval:
    """The one that comes round most often."""
    return min(intervals, key=_length)


def _length(interval: Interval) -> float:
    """In days, near enough to order by."""
    return {"day": 1, "week": 7, "month": 30.44, "year": 365.25}[interval[0] or "day"] * (interval[1] or 1)


async def _amount(session: AsyncSession, subscription: Subscription, items: list[tuple[int | None, int]]) -> int | None:
    """From the prices; where one has no single amount, what was billed last."""
    known = [amount * many for amount, many in items if amount is not None]
    if len(known) == len(items):
        return sum(known)
    statement = select(Invoice.total).where(Invoice.stripe_id == subscription.latest_invoice_stripe_id)
    return (await session.exec(statement)).first()
