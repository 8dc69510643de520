from typing import Any

import pytest
import stripe


def test_what_waits_for_a_customer_is_on_the_first_invoice_and_not_on_the_next(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    extra = client.v1.invoice_items.create(
        {"customer": customer.id, "amount": 300, "currency": "usd", "description": "Setting up"}
    )
    euros = client.v1.invoice_items.create({"customer": customer.id, "amount": 1, "currency": "eur"})
    product = client.v1.products.create({"name": "Tea"})
    begun: Any = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "default_payment_method": method.id,
            "items": [
                {
                    "price_data": {
                        "currency": "usd",
                        "product": product.id,
                        "recurring": {"interval": "month"},
                        "unit_amount": 900,
                    }
                }
            ],
            "expand": ["latest_invoice"],
        }
    )

    assert [(line.amount, line.parent.type) for line in begun.latest_invoice.lines.data] == [
        (900, "subscription_item_details"),
        (300, "invoice_item_details"),
    ]
    assert (begun.latest_invoice.amount_paid, begun.status) == (1200, "active")
    assert client.v1.invoices.create_preview({"subscription": begun.id}).total == 900
    pending = client.v1.invoice_items.list({"customer": customer.id, "pending": True})
    assert [item.id for item in pending.data] == [euros.id]
    assert client.v1.invoice_items.retrieve(extra.id).invoice == begun.latest_invoice.id
    with pytest.raises(stripe.InvalidRequestError, match="on an invoice already"):
        client.v1.invoice_items.delete(extra.id)
    assert client.v1.invoice_items.delete(euros.id).deleted


def test_an_item_shows_in_the_preview_until_it_is_billed(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}, "product_data": {"name": "Tea"}}
    )
    begun = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "payment_behavior": "default_incomplete"}
    )
    client.v1.invoice_items.create({"customer": customer.id, "amount": 50, "currency": "usd", "subscription": begun.id})
    assert client.v1.invoices.create_preview({"subscription": begun.id}).total == 950
    recurring = client.v1.invoices.create_preview({"subscription": begun.id, "preview_mode": "recurring"})
    assert recurring.total == 900


def test_a_list_inside_an_object_stops_at_ten(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    def price() -> str:
        return client.v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": 100,
                "recurring": {"interval": "month"},
                "product_data": {"name": "Tea"},
            }
        ).id

    begun: Any = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price()} for _ in range(12)],
            "payment_behavior": "default_incomplete",
            "expand": ["latest_invoice"],
        }
    )

    for inner in (begun["items"], begun.latest_invoice.lines):
        assert (len(inner.data), inner.has_more) == (10, True)
    assert begun.latest_invoice.total == 1200
    items = client.v1.subscription_items.list({"subscription": begun.id, "limit": 7})
    assert len({item.id for item in items.auto_paging_iter()}) == 12
    lines = client.v1.invoices.line_items.list(begun.latest_invoice.id)
    assert len({line.id for line in lines.auto_paging_iter()}) == 12
    created = client.v1.events.list({"type": "customer.subscription.created"}).data
    (snapshot,) = [event.data.object["items"] for event in created if event.data.object["id"] == begun.id]
    assert (len(snapshot["data"]), snapshot["has_more"], snapshot["total_count"]) == (10, True, 12)
