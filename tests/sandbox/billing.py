"""What the tests of money share: prices, customers that can pay, subscriptions, and what their invoices say."""

from dataclasses import dataclass
from typing import Any

import stripe

WEEK = 7 * 24 * 3600


@dataclass(frozen=True)
class Shop:
    """A merchant of one test: what it sells, and to whom."""

    client: stripe.StripeClient

    def price(self, amount: int, interval: str = "week", name: str = "Tea", currency: str = "usd") -> str:
        """A new product with one price for every `interval`; its id."""
        params: Any = {
            "currency": currency,
            "unit_amount": amount,
            "recurring": {"interval": interval},
            "product_data": {"name": name},
        }
        return self.client.v1.prices.create(params).id

    def customer(self, method: str = "pm_card_visa") -> str:
        """A new customer whose default method is this one; their id."""
        id = self.client.v1.customers.create({"email": "ada@example.com"}).id
        card = self.client.v1.payment_methods.attach(method, {"customer": id})
        self.client.v1.customers.update(id, {"invoice_settings": {"default_payment_method": card.id}})
        return id

    def subscribe(self, *prices: str, customer: str | None = None, **params: Any) -> Any:
        """A paid subscription to one of each of the prices; quantities and the rest by `params`."""
        wanted: Any = {
            "customer": customer or self.customer(),
            "items": [{"price": price} for price in prices],
            "expand": ["latest_invoice"],
            **params,
        }
        return self.client.v1.subscriptions.create(wanted)

    def change(self, subscription: Any, at: float | None = None, **params: Any) -> Any:
        """Update it, with prorations as of a part of its first item's period: 0.25 is when a quarter is over."""
        wanted: Any = {"expand": ["latest_invoice"], **params}
        if at is not None:
            wanted["proration_date"] = moment(subscription, at)
        return self.client.v1.subscriptions.update(subscription.id, wanted)

    def preview(self, subscription: Any, at: float | None = None, **details: Any) -> Any:
        """What the invoice would be, with these `subscription_details`."""
        if at is not None:
            details["proration_date"] = moment(subscription, at)
        wanted: Any = {"subscription": subscription.id, "subscription_details": details}
        return self.client.v1.invoices.create_preview(wanted)

    def waiting(self, subscription: Any) -> list[tuple[str, int]]:
        """The invoice items that wait for the customer's next invoice, oldest first."""
        found = self.client.v1.invoice_items.list({"customer": subscription.customer, "pending": True, "limit": 100})
        return [(str(item.description), item.amount) for item in reversed(found.data)]


def moment(subscription: Any, part: float) -> int:
    """The second at which that part of its first item's period is over."""
    item = subscription["items"].data[0]
    return int(item.current_period_start + (item.current_period_end - item.current_period_start) * part)


def amounts(invoice: Any) -> list[int]:
    """The amounts of an invoice's lines."""
    return [line.amount for line in invoice.lines.data]
