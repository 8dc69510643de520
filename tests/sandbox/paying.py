"""Payments as tests need them, and the sandbox's controls."""

from typing import Any

import httpx
import stripe

from tests.sandbox.test_checkout_sessions import open_session
from tests.sandbox_client import SandboxClient


def pay(client: stripe.StripeClient, customer: stripe.Customer, card: str = "pm_card_visa", **more: Any) -> Any:
    """19.99 USD by a card, whose payment was confirmed at once."""
    method = client.v1.payment_methods.attach(card, {"customer": customer.id})
    return pay_by(client, customer, method.id, **more)


def pay_by(client: stripe.StripeClient, customer: stripe.Customer, method: str, **more: Any) -> Any:
    params: Any = {
        "amount": 1999,
        "currency": "usd",
        "customer": customer.id,
        "payment_method": method,
        "confirm": True,
        "off_session": True,
        **more,
    }
    return client.v1.payment_intents.create(params)


def pay_by_amazon(running: SandboxClient, client: stripe.StripeClient, customer: stripe.Customer, **more: Any) -> Any:
    """19.99 USD by an Amazon Pay account that was just saved."""
    return pay_by(client, customer, save_amazon(running, client, customer), **more)


def save_amazon(running: SandboxClient, client: stripe.StripeClient, customer: stripe.Customer) -> str:
    """The id of an Amazon Pay account that the customer authorized."""
    running.authorize_amazon_pay(open_session(client, customer).id)
    return client.v1.customers.payment_methods.list(customer.id, {"type": "amazon_pay"}).data[0].id


def control(running: SandboxClient, path: str, /, **fields: Any) -> httpx.Response:
    """Send a control, as a program does."""
    return httpx.post(f"{running.base_url}/_sandbox/{path}", json=fields, trust_env=False)
