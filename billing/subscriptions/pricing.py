"""What a new subscription is made of, and what a consent has to allow for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import payment_methods
from billing.callers import Caller
from billing.catalogue import get_price
from billing.errors import InvalidInput, NotAllowed, Scope
from billing.limits import Limits, require_currency
from billing.tables import ConsentUsage, Customer, PaymentMethod, Price

# Stripe's own limits: https://docs.stripe.com/api/subscriptions/create#create_subscription-items
MOST_ITEMS, MOST_OF_ONE = 20, 1_000_000


@dataclass(frozen=True)
class Item:
    """One price, and how many of it."""

    price_id: UUID | None
    quantity: int = 1


async def get_prices(
    session: AsyncSession, items: list[Item], *, self_service_only: bool, kept: Mapping[str, int] | None = None
) -> list[Price]:
    """The prices of the items, in order, which one subscription can carry.

    `kept` are those that it has already, by Stripe's ids, and how many of each: they may have been retired since.
    Raises NotFound, NotAllowed (a price that is not for self-service, or another number of one), InvalidInput.
    """
    if not 1 <= len(items) <= MOST_ITEMS:
        raise InvalidInput.at("input", "items", message=f"A subscription has 1 to {MOST_ITEMS} items.")
    prices = []
    for at, item in enumerate(items):
        price = await get_price(session, item.price_id, "input", "items", str(at), "priceId")
        stays = (kept or {}).get(price.stripe_id)
        if self_service_only and not price.self_service and stays != item.quantity:
            raise NotAllowed("This price is not for self-service; the merchant has to start or change it.")
        _check(price, item, str(at), may_be_retired=stays is not None)
        prices.append(price)
    if len({price.id for price in prices}) < len(prices):
        raise InvalidInput.at("input", "items", message="Name each price once, with its quantity.")
    if len({(price.currency, price.interval_unit, price.interval_count) for price in prices}) > 1:
        raise InvalidInput.at("input", "items", message="All prices must have the same currency and interval.")
    return prices


def _check(price: Price, item: Item, at: str, *, may_be_retired: bool) -> None:
    problem = None
    if not price.active and not may_be_retired:
        problem = "This price is not active."
    elif price.interval_unit is None:
        problem = "This is a one-off price; a subscription needs one with an interval."
    if problem:
        raise InvalidInput.at("input", "items", at, "priceId", message=problem)
    if not 1 <= item.quantity <= MOST_OF_ONE:
        raise InvalidInput.at("input", "items", at, "quantity", message=f"A quantity is 1 to {MOST_OF_ONE}.")


def needed_scope(prices: list[Price], quantities: list[int]) -> Scope:
    """What a consent has to allow, as far as the prices alone tell; tax and discounts show on the first invoice."""
    return Scope(
        usage=ConsentUsage.RECURRING,
        interval_unit=prices[0].interval_unit,
        interval_count=prices[0].interval_count,
        currency=prices[0].currency,
        maximum_amount=_sum(prices, quantities),
        product_ids=tuple(dict.fromkeys(price.product_id for price in prices)),
    )


def _sum(prices: list[Price], quantities: list[int]) -> int | None:
    """None where a price has no single amount (tiers, metering): an unknown amount is within no limit."""
    amounts = [price.unit_amount for price in prices]
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        return None
    return sum(amount * many for amount, many in zip(known, quantities, strict=True))


async def get_method(
    session: AsyncSession, customer: Customer, method_id: UUID | None, now: datetime, *, required: bool = True
) -> PaymentMethod | None:
    """The named method, else the customer's default one; usable, and saved for recurring payments.

    None where there is no such and it is not `required`: a trial may begin without. Raises NotFound, InvalidInput
    (there is no default), PaymentMethodUnusable.
    """
    if method_id is not None:
        owner = Caller("", customer_id=customer.id)
        method = await payment_methods.get(session, owner, method_id)
    else:
        statement = select(PaymentMethod).where(PaymentMethod.stripe_id == customer.default_payment_method_stripe_id)
        found = (await session.exec(statement)).first()
        if found is None and not required:
            return None
        if found is None:
            nothing = "This customer has no default payment method; name one, or set the default."
            raise InvalidInput.at("input", "paymentMethodId", message=nothing)
        method = found
    await payment_methods.require_usable(session, method, now)
    await payment_methods.require_saved_for(session, method, ConsentUsage.RECURRING)
    return method


async def require_within_limits(
    session: AsyncSession, limits: Limits, customer: Customer, method_id: UUID | None, items: list[Item]
) -> None:
    """Raises PaymentMethodLimit where the method that would be charged does not take the prices' currency."""
    default = PaymentMethod.stripe_id == customer.default_payment_method_stripe_id
    wanted = select(PaymentMethod.stripe_type).where(PaymentMethod.customer_id == customer.id)
    stripe_type = (await session.exec(wanted.where(PaymentMethod.id == method_id if method_id else default))).first()
    currencies = select(Price.currency).where(col(Price.id).in_([each.price_id for each in items if each.price_id]))
    for currency in (await session.exec(currencies.distinct())).all():
        require_currency(limits, stripe_type or "", currency)


async def require_takes(
    session: AsyncSession, limits: Limits, customer_id: UUID, method_id: UUID | None, currency: str
) -> None:
    """Raises PaymentMethodLimit where this method of the customer's, if there is one, is not charged in the currency.

    Of another customer's, nothing is told: it is not found later, as one that there is not.
    """
    if method_id is not None:
        own = select(PaymentMethod.stripe_type).where(PaymentMethod.customer_id == customer_id)
        stripe_type = (await session.exec(own.where(PaymentMethod.id == method_id))).first()
        require_currency(limits, stripe_type or "", currency)


def stripe_items(prices: list[Price], quantities: list[int]) -> list[dict[str, Any]]:
    """The items as Stripe takes them."""
    return [{"price": price.stripe_id, "quantity": many} for price, many in zip(prices, quantities, strict=True)]
