"""Invoices and receipts, as their customers see and pay them, on the page and on paper."""

import io
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import stripe
from pypdf import PdfReader

from tests.sandbox.pages.acting import press, submit
from tests.sandbox.pages.reading import dangers, heading
from tests.sandbox.paying import pay
from tests.sandbox.test_payment_intents import attach


def price_of(client: stripe.StripeClient, name: str = "Coffee <Club>", amount: int = 1500) -> str:
    params: Any = {
        "unit_amount": amount,
        "currency": "usd",
        "recurring": {"interval": "month"},
        "product_data": {"name": name},
    }
    return client.v1.prices.create(params).id


def subscribe(client: stripe.StripeClient, customer: str, method: str, **more: Any) -> Any:
    params: Any = {
        "customer": customer,
        "items": [{"price": price_of(client), "quantity": 2}],
        "default_payment_method": method,
        "expand": ["latest_invoice"],
        **more,
    }
    return client.v1.subscriptions.create(params)


def read(pdf: bytes) -> list[str]:
    """What stands on each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def test_the_page_of_an_invoice_shows_what_was_paid_for_what(
    browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    submit(browser, session)
    (method,) = client.v1.customers.payment_methods.list(session.customer).data
    subscription = subscribe(client, session.customer, method.id)
    invoice = subscription.latest_invoice
    page = browser.get(invoice.hosted_invoice_url)
    assert (page.status_code, heading(page)) == (200, "30.00 USD")
    for shown in ("Sandbox Shop", "ada@example.com", invoice.number, "Coffee &lt;Club&gt;", ">paid<"):
        assert shown in page.text
    assert ">Pay " not in page.text
    board = browser.get("/").text
    assert f'href="{invoice.hosted_invoice_url}"' in board
    assert f'href="/objects/{subscription.id}"' in board


def test_discounts_and_balance_are_told_row_by_row(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    client.v1.customers.balance_transactions.create(customer.id, {"amount": -1000, "currency": "usd"})
    coupon = client.v1.coupons.create({"percent_off": 20, "duration": "forever", "name": "Spring"})
    method = attach(client, customer, "pm_card_visa")
    invoice = subscribe(client, customer.id, method, discounts=[{"coupon": coupon.id}]).latest_invoice
    assert (invoice.total, invoice.amount_paid) == (2400, 1400)
    page = browser.get(invoice.hosted_invoice_url)
    assert heading(page) == "14.00 USD"
    sums = ["30.00 USD", "Spring (20 % off)", "-6.00 USD", "24.00 USD", "Balance applied", "-10.00 USD", "14.00 USD"]
    places = [page.text.index(part, page.text.index("<tfoot>")) for part in sums]
    assert places == sorted(places)
    (paper,) = read(browser.get(invoice.invoice_pdf).content)
    for shown in ("Spring (20 % off)", "-6.00 USD", "Balance applied", "-10.00 USD", "14.00 USD", "Page 1 of 1"):
        assert shown in paper


def test_an_open_invoice_is_paid_from_its_page(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    method = attach(client, customer, "pm_card_visa")
    subscription = subscribe(client, customer.id, method, payment_behavior="default_incomplete")
    invoice = subscription.latest_invoice
    page = browser.get(invoice.hosted_invoice_url)
    assert ">Pay 30.00 USD<" in page.text
    secret = client.v1.invoices.retrieve(invoice.id, {"expand": ["confirmation_secret"]}).confirmation_secret
    assert secret is not None
    assert f'href="/pay/{secret.client_secret}"' in page.text
    paying = browser.get(f"/pay/{secret.client_secret}")
    assert f"Invoice {invoice.number}" in paying.text
    press(browser, f"/pay/{secret.client_secret}", "Pay with Visa •••• 4242")
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    after = browser.get(invoice.hosted_invoice_url).text
    assert "/receipts/ch_" in after
    assert ">Pay 30.00 USD<" not in after


def test_a_long_invoice_has_several_pages_each_with_its_head_and_number(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    items: Any = [{"price": price_of(client, f"Tea no. {number}", 100)} for number in range(20)]
    invoice = subscribe(client, customer.id, attach(client, customer, "pm_card_visa"), items=items).latest_invoice
    pages = read(browser.get(invoice.invoice_pdf).content)
    assert len(pages) == 2
    assert all("What for" in page for page in pages)
    assert [f"Page {number} of 2" in page for number, page in enumerate(pages, 1)] == [True, True]
    text = "\n".join(pages)
    assert all(f"Tea no. {number} " in text for number in range(20))
    assert "20.00 USD" in pages[-1]


def test_what_the_papers_font_lacks_does_not_break_it(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    client.v1.customers.update(customer.id, {"name": "Ада"})
    invoice = subscribe(client, customer.id, attach(client, customer, "pm_card_visa")).latest_invoice
    (paper,) = read(browser.get(invoice.invoice_pdf).content)
    assert "??? ada@example.com" in paper


def test_a_receipt_tells_what_was_paid_and_given_back(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    intent = pay(client, customer, description="A <b>box</b>", expand=["latest_charge"])
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    page = browser.get(urlsplit(intent.latest_charge.receipt_url).path)
    assert (page.status_code, heading(page)) == (200, "19.99 USD")
    assert all(part in page.text for part in ("Visa •••• 4242", "A &lt;b&gt;box&lt;/b&gt;", "5.00 USD", ">succeeded<"))
    assert dangers(page.text) == []


@pytest.mark.parametrize("path", ["/receipts/ch_none", "/i/in_none"])
def test_there_is_no_page_of_what_is_not_there(browser: httpx.Client, path: str) -> None:
    assert browser.get(path).status_code == 404
