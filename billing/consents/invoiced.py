"""What a consent has to allow for an invoice, by its own lines: what is known of the items may be older."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents.carrying import needed_by, shortest
from billing.errors import Scope
from billing.mirror.fields import nested
from billing.stripe_gateway import JSONObject
from billing.tables import ConsentUsage, Invoice, Price, Product, StripeObject, Subscription


async def needed_for(session: AsyncSession, subscription: Subscription, invoice: Invoice) -> Scope:
    """For this very invoice of the subscription, as Stripe has told of it."""
    stored = await session.get(StripeObject, invoice.stripe_id, populate_existing=True)
    data = stored.data if stored else {}
    usual = await needed_by(session, subscription)
    intervals = await _intervals(session, _lines(data))
    if not intervals and usual is not None:
        intervals = [(usual.interval_unit, usual.interval_count)]
    unit, count = shortest(intervals) if intervals else (None, None)
    return Scope(
        usage=ConsentUsage.RECURRING,
        interval_unit=unit,
        interval_count=count,
        currency=invoice.currency,
        maximum_amount=invoice.amount_due,
        product_ids=await _products(session, _lines(data)),
    )


async def products_billed(session: AsyncSession, invoice: JSONObject) -> list[str] | None:
    """The ids of what an invoice, or a preview of one, charges for, as JSON; None where one of them is not known.

    Stripe puts whatever waits for the customer's next invoice on it, besides what was asked for.
    """
    found = await _products(session, _lines(invoice))
    return None if found is None else [str(each) for each in found]


def with_products(needed: Scope, products: list[str] | None) -> Scope:
    """What a consent has to allow where these are charged for too."""
    if products is None or needed.product_ids is None:
        return replace(needed, product_ids=None)
    return replace(needed, product_ids=tuple(sorted({*needed.product_ids, *map(UUID, products)})))


def _lines(invoice: JSONObject) -> list[JSONObject]:
    found: list[JSONObject] = nested(invoice, "lines", "data") or []
    return found


async def _intervals(session: AsyncSession, lines: list[JSONObject]) -> list[tuple[str | None, int | None]]:
    """Of what is billed for whole periods."""
    whole = [each for each in lines if nested(each, "parent", "subscription_item_details", "proration") is False]
    prices = [nested(each, "pricing", "price_details", "price") for each in whole]
    statement = select(Price.interval_unit, Price.interval_count).where(col(Price.stripe_id).in_(_known(prices)))
    return list((await session.exec(statement.where(col(Price.interval_unit).is_not(None)))).all())


async def _products(session: AsyncSession, lines: list[JSONObject]) -> tuple[UUID, ...] | None:
    """What is charged for; None where a line does not tell, or tells of what is not known."""
    named = {nested(each, "pricing", "price_details", "product") for each in lines if each["amount"] > 0}
    statement = select(Product.id).where(col(Product.stripe_id).in_(_known(named)))
    found = (await session.exec(statement)).all()
    return tuple(sorted(found)) if len(found) == len(named) else None


def _known(ids: Any) -> list[str]:
    return [each for each in ids if each]
