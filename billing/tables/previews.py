"""What a change of subscriptions would cost, as it was told to somebody."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from billing.tables.base import JSON, Identifier, Row


class SubscriptionPreview(Row, table=True):
    """One preview. Whoever names its token asks for just this, at just this price, until `expires_at`."""

    __tablename__ = "subscription_previews"

    token: str = Field(unique=True)
    customer_id: UUID = Field(foreign_key="customers.id", index=True, sa_type=Identifier)
    subscription_id: UUID | None = Field(default=None, sa_type=Identifier)
    """The subscription that is changed; null for a new one."""
    party: str
    """Who asked: `merchant` for every key, else the customer's id."""
    wish: dict[str, Any] = Field(sa_type=JSON)
    figures: dict[str, Any] = Field(sa_type=JSON)
    missing: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    """The scope that a consent would still have to allow, as `errors.Scope.dump` makes it."""
    expires_at: datetime
    used_by_id: UUID | None = Field(default=None, sa_type=Identifier)
    """The last operation that began with it; another may, once that has come to nothing."""
