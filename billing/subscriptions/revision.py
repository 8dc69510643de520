"""A change of what a subscription bills, all of it checked: the same for its preview and for itself."""

from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents.carrying import needed_by
from billing.errors import ConsentRequired, InvalidTransition, Scope
from billing.subscriptions.changes import Billed
from billing.subscriptions.pricing import get_prices, needed_scope
from billing.subscriptions.wishes import unlisted
from billing.tables import ENDED, ConsentUsage, Price, Subscription, SubscriptionItem

# In which nothing that was billed before is unpaid, and the next payment is the period's own.
CHANGEABLE = ("trialing", "active")


@dataclass(frozen=True)
class Revision:
    """What is to be billed. `wanted` are Stripe's ids of prices, and how many of each; None leaves the items alone."""

    needed: Scope
    wanted: list[tuple[str, int]] | None
    coupon: str | None
    prorate: bool

    def needed_for(self, largest: int) -> Scope:
        """What a consent has to allow, where this is the largest payment."""
        return replace(self.needed, maximum_amount=largest)


async def check_revision(
    session: AsyncSession, subscription: Subscription, wish: dict[str, Any], *, by_customer: bool
) -> Revision:
    """The change that is wanted. Raises InvalidTransition, NotFound, NotAllowed, InvalidInput."""
    require_changeable(subscription)
    coupon, prorate = wish.get("coupon"), wish["prorate"]
    if wish["items"] is None:
        return Revision(await _needed_now(session, subscription), None, coupon, prorate)
    kept = {each.price: each.quantity or 1 for each in await billed(session, subscription)}
    items = unlisted(wish["items"])
    prices = await get_prices(session, items, self_service_only=by_customer, kept=kept)
    quantities = [item.quantity for item in items]
    wanted = [(price.stripe_id, many) for price, many in zip(prices, quantities, strict=True)]
    return Revision(needed_scope(prices, quantities), wanted, coupon, prorate)


async def _needed_now(session: AsyncSession, subscription: Subscription) -> Scope:
    return await needed_by(session, subscription) or Scope(ConsentUsage.RECURRING)


async def billed(session: AsyncSession, subscription: Subscription) -> list[Billed]:
    """Its items as they are known here."""
    statement = select(SubscriptionItem).where(SubscriptionItem.subscription_id == subscription.id)
    found = (await session.exec(statement.order_by(col(SubscriptionItem.created_at), col(SubscriptionItem.id)))).all()
    return [Billed(each.stripe_id, each.price_stripe_id, each.quantity) for each in found]


async def currency_of(session: AsyncSession, subscription: Subscription) -> str:
    """In which it is billed, capitals."""
    statement = (
        select(Price.currency)
        .join(SubscriptionItem, col(SubscriptionItem.price_stripe_id) == Price.stripe_id)
        .where(SubscriptionItem.subscription_id == subscription.id)
    )
    return (await session.exec(statement)).first() or ""


def period_of(subscription: Subscription) -> tuple[int, int]:
    """Its current period, in seconds UTC."""
    start = subscription.current_period_start or subscription.created_at
    return int(start.timestamp()), int((subscription.current_period_end or start).timestamp())


def require_managed(subscription: Subscription, needed: Scope | None = None) -> None:
    """Raises InvalidTransition for one that has ended, ConsentRequired for one that rests on no consent."""
    if subscription.status in ENDED:
        raise InvalidTransition("This subscription has ended.", "subscription", subscription.id)
    if not subscription.managed:
        message = "This subscription was made elsewhere and rests on no consent; adopt it with one first."
        raise ConsentRequired(message, needed or Scope(ConsentUsage.RECURRING))


def require_changeable(subscription: Subscription) -> None:
    """Raises InvalidTransition where what it bills may not be changed now."""
    require_managed(subscription)
    message = None
    if subscription.status not in CHANGEABLE:
        message = f"This subscription is {subscription.status}; pay what is open first, then change it."
    elif subscription.paused_at is not None:
        message = "Nothing is collected of this subscription now; resume it first, then change it."
    if message:
        raise InvalidTransition(message, "subscription", subscription.id)
