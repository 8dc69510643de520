"""Products and prices, as Stripe has them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from billing.tables.base import Identifier, Row


class Product(Row, table=True):
    """What is sold."""

    __tablename__ = "products"

    stripe_id: str = Field(unique=True)
    name: str
    description: str | None = None
    active: bool = True
    deleted_at: datetime | None = None


class Price(Row, table=True):
    """What a product costs, once or at an interval."""

    __tablename__ = "prices"
    __table_args__ = (CheckConstraint("(interval_unit IS NULL) = (interval_count IS NULL)", name="interval"),)

    stripe_id: str = Field(unique=True)
    product_id: UUID = Field(foreign_key="products.id", index=True, sa_type=Identifier)
    lookup_key: str | None = Field(default=None, index=True)
    currency: str
    """Capitals."""
    unit_amount: int | None = Field(default=None, sa_type=BigInteger)
    """In the smallest unit; null where Stripe has no single amount."""
    interval_unit: str | None = None
    interval_count: int | None = None
    trial_days: int | None = None
    self_service: bool = False
    active: bool = True
    deleted_at: datetime | None = None
