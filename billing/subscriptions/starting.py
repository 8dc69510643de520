"""What a new subscription is made of, in Stripe's parameters: the same for its preview and for itself."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.errors import Scope
from billing.stripe_gateway import Request
from billing.subscriptions.changes import PREVIEW, discounts
from billing.subscriptions.pricing import get_prices, needed_scope, stripe_items
from billing.subscriptions.wishes import unlisted
from billing.tables import Customer, Price


@dataclass(frozen=True)
class Start:
    """A new subscription, all of it checked. `trial` in days; 0 is none."""

    customer: Customer
    prices: list[Price]
    quantities: list[int]
    trial: int
    coupon: str | None
    automatic_tax: bool

    @property
    def needed(self) -> Scope:
        """What a consent has to allow, as far as it is known before Stripe has reckoned.

        A coupon makes it less, by how much is not known; nothing is charged before it is.
        """
        full = needed_scope(self.prices, self.quantities)
        return replace(full, maximum_amount=0) if self.coupon else full

    def terms(self, *, discounted: bool = True) -> dict[str, Any]:
        """The parameters that move the price."""
        tax = {"automatic_tax": {"enabled": True}} if self.automatic_tax else {}
        return {"customer": self.customer.stripe_id, **discounts(self.coupon if discounted else None), **tax}

    def items(self) -> list[dict[str, Any]]:
        """As Stripe takes them."""
        return stripe_items(self.prices, self.quantities)

    def previewed(self, now: datetime, *, recurring: bool, discounted: bool = True) -> Request:
        """Asks what would be billed first, or (`recurring`) in each full period; `discounted` with its coupon."""
        end = {"trial_end": int((now + timedelta(days=self.trial)).timestamp())} if self.trial else {}
        mode = {"preview_mode": "recurring"} if recurring else {}
        details = {"items": self.items(), **end}
        terms = self.terms(discounted=discounted)
        return Request("post", PREVIEW, {**terms, "subscription_details": details, **mode})


async def check_start(
    session: AsyncSession, customer: Customer, wish: dict[str, Any], *, by_customer: bool, automatic_tax: bool
) -> Start:
    """What is wanted, with the prices' own trial where none is named: Stripe does not apply that by itself.

    Raises NotFound, NotAllowed, InvalidInput.
    """
    items = unlisted(wish["items"])
    prices = await get_prices(session, items, self_service_only=by_customer)
    trial = wish.get("trial_days") or max(price.trial_days or 0 for price in prices)
    quantities = [item.quantity for item in items]
    return Start(customer, prices, quantities, trial, wish.get("coupon"), automatic_tax)
