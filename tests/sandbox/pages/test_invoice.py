from typing import Any

import httpx
import stripe

from tests.sandbox.pages.acting import submit
from tests.sandbox.pages.reading import heading


def test_the_page_of_an_invoice_shows_what_was_paid_for_what(
    browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    submit(browser, session)
    product = client.v1.products.create({"name": "Coffee <Club>"})
    price = client.v1.prices.create(
        {"product": product.id, "unit_amount": 1500, "currency": "usd", "recurring": {"interval": "month"}}
    )
    (method,) = client.v1.customers.payment_methods.list(session.customer).data
    subscription: Any = client.v1.subscriptions.create(
        {
            "customer": session.customer,
            "items": [{"price": price.id, "quantity": 2}],
            "default_payment_method": method.id,
            "expand": ["latest_invoice"],
        }
    )
    invoice = subscription.latest_invoice
    page = browser.get(invoice.hosted_invoice_url)
    assert (page.status_code, heading(page)) == (200, "30.00 USD")
    for shown in ("Sandbox Shop", "ada@example.com", invoice.number, "Coffee &lt;Club&gt;", ">paid<"):
        assert shown in page.text
    board = browser.get("/").text
    assert f'href="{invoice.hosted_invoice_url}"' in board
    assert f'href="/objects/{subscription.id}"' in board
