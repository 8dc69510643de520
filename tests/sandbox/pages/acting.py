"""What a test does to a session, as a merchant and as a customer."""

from typing import Any

import httpx
import stripe

CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "34", "cvc": "123"}


def open_session(client: stripe.StripeClient, customer: stripe.Customer, **changes: Any) -> Any:
    params: Any = {
        "mode": "setup",
        "customer": customer.id,
        "allowed_payment_method_types": ["card", "amazon_pay"],
        "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/back",
        **changes,
    }
    return client.v1.checkout.sessions.create(params)


def submit(browser: httpx.Client, session: Any, **changes: str) -> httpx.Response:
    return browser.post(f"/c/pay/{session.id}", data={**CARD, **changes})


def intent_of(client: stripe.StripeClient, session: Any) -> stripe.SetupIntent:
    return client.v1.setup_intents.retrieve(session.setup_intent)
