"""What a test does to a session, as a merchant and as a customer."""

from typing import Any

import httpx
import stripe

from tests.sandbox.pages.reading import forms

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


def press(browser: httpx.Client, path: str, label: str, sends: str = "", /, **typed: str) -> httpx.Response:
    """Press the first button of that label on a page, of the form that sends this value if one is given.

    `typed`: what is typed into the form's fields first. Redirects are not followed.
    """
    for form in forms(browser.get(path)):
        if label in form.buttons and (not sends or sends in form.fields.values()):
            assert set(typed) <= set(form.fields)
            return browser.post(form.action, data=form.fields | typed | form.buttons[label])
    raise LookupError(f"No button {label} on {path}")
