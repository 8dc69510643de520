"""Products and prices."""

from datetime import datetime
from typing import Any

from sqlalchemy import func

from billing import tables
from schema.connections import Connection
from schema.nodes import Node
from schema.nouns import Price as LaterPrice
from schema.reads import column, described, equals, money, node, one, paged, part
from schema.scalars import Currency
from schema.values import BillingInterval, Money


def interval_of(table: Any, description: str) -> Any:
    """The interval of a row that has one."""
    return part(
        description,
        when=table.interval_unit.is_not(None),
        unit=func.upper(table.interval_unit),
        count=table.interval_count,
    )


PRODUCT_IS_ACTIVE = equals("active", bool | None, tables.Product.active, "Only those that are, or are not.")
PRICE_IS_ACTIVE = equals("active", bool | None, tables.Price.active, "Only those that are, or are not.")


@described
@node(tables.Product, "product", stripe="prod_")
class Product(Node):
    """Something that is sold, at one or more prices."""

    name: str = column(tables.Product.name, "As customers see it.")
    description: str | None = column(tables.Product.description, "As customers see it.")
    active: bool = column(tables.Product.active, "Whether it is on sale.")
    stripe_id: str = column(tables.Product.stripe_id, "Stripe's id: prod_...")
    created_at: datetime = column(tables.Product.created_at, "When it was made at Stripe.")
    prices: Connection[LaterPrice] = paged(
        "What it costs.", PRICE_IS_ACTIVE, on=tables.Price.product_id == tables.Product.id
    )


@described
@node(tables.Price, "price", stripe="price_")
class Price(Node):
    """What a product costs, once or at an interval."""

    product: Product = one("What it is the price of.", on=tables.Product.id == tables.Price.product_id)
    lookup_key: str | None = column(tables.Price.lookup_key, "The merchant's name for it, unique at Stripe.")
    currency: Currency = column(tables.Price.currency, "The currency.")
    unit_amount: Money | None = money(
        tables.Price.unit_amount,
        tables.Price.currency,
        "For one of it; null where Stripe has no single amount (tiers, metering).",
    )
    interval: BillingInterval | None = interval_of(tables.Price, "How often it is billed; null for a one-off price.")
    trial_days: int | None = column(tables.Price.trial_days, "Days without payment at the beginning.")
    self_service: bool = column(
        tables.Price.self_service, "Whether customers may subscribe to it with their own token."
    )
    active: bool = column(tables.Price.active, "Whether it can be subscribed to.")
    stripe_id: str = column(tables.Price.stripe_id, "Stripe's id: price_...")
    created_at: datetime = column(tables.Price.created_at, "When it was made at Stripe.")
