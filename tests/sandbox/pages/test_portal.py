"""The customer portal: what its API makes, and what a customer can do there."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.pages.acting import CARD, press
from tests.sandbox.pages.reading import alarm, buttons, dangers, heading
from tests.sandbox.test_payment_intents import attach


@pytest.fixture
def subscription(client: stripe.StripeClient, customer: stripe.Customer) -> Any:
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1500,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Coffee <Club>"},
        }
    )
    return client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "default_payment_method": attach(client, customer, "pm_card_visa"),
        }
    )


def open_portal(client: stripe.StripeClient, customer: stripe.Customer, **more: Any) -> str:
    params: Any = {"customer": customer.id, "return_url": "https://shop.example/account", **more}
    return urlsplit(client.v1.billing_portal.sessions.create(params).url).path


def test_a_customer_sees_what_they_have(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, subscription: Any
) -> None:
    page = browser.get(open_portal(client, customer))
    assert (page.status_code, heading(page)) == (200, "Your subscriptions")
    invoice = client.v1.invoices.retrieve(subscription.latest_invoice)
    shown = ("Coffee &lt;Club&gt;", "15.00 USD every month. Renews on", "Visa •••• 4242", str(invoice.number))
    assert all(part in page.text for part in shown)
    assert 'href="https://shop.example/account"' in page.text
    assert dangers(page.text) == []


def test_a_subscription_is_canceled_at_its_end_and_kept_after_all(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, subscription: Any
) -> None:
    path = open_portal(client, customer)
    assert press(browser, path, "Cancel the subscription").headers["location"] == path
    ending = client.v1.subscriptions.retrieve(subscription.id)
    assert ending.cancel_at == subscription["items"].data[0].current_period_end
    assert (ending.status, ending.cancel_at_period_end) == ("active", False)
    assert "Ends on" in browser.get(path).text
    press(browser, path, "Keep the subscription")
    kept = client.v1.subscriptions.retrieve(subscription.id)
    assert (kept.cancel_at, kept.canceled_at) == (None, None)


def test_in_classic_mode_the_flag_is_set_and_taken_back(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, subscription: Any
) -> None:
    price = subscription["items"].data[0].price.id
    client.v1.subscriptions.cancel(subscription.id)
    classic = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price}],
            "billing_mode": {"type": "classic"},
            "default_payment_method": subscription.default_payment_method,
        }
    )
    path = open_portal(client, customer)
    press(browser, path, "Cancel the subscription")
    assert client.v1.subscriptions.retrieve(classic.id).cancel_at_period_end
    press(browser, path, "Keep the subscription")
    assert not client.v1.subscriptions.retrieve(classic.id).cancel_at_period_end


def test_a_new_method_is_saved_and_made_the_default(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, subscription: Any
) -> None:
    path = open_portal(client, customer)
    checkout = urlsplit(press(browser, path, "Add a payment method").headers["location"]).path
    back = browser.post(checkout, data={**CARD, "number": "5555555555554444"}).headers["location"]
    assert urlsplit(back).path == path
    (new,) = [each.id for each in client.v1.customers.payment_methods.list(customer.id) if each.card.last4 == "4444"]  # type: ignore[union-attr]
    press(browser, path, "Pay with this", new)
    owner: Any = client.v1.customers.retrieve(customer.id)
    assert owner.invoice_settings.default_payment_method == new
    assert client.v1.subscriptions.retrieve(subscription.id).default_payment_method == new


def test_only_what_the_configuration_allows_is_offered(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, subscription: Any
) -> None:
    configuration = client.v1.billing_portal.configurations.create(
        {"features": {"subscription_cancel": {"enabled": True, "mode": "immediately"}}}
    )
    path = open_portal(client, customer, configuration=configuration.id)
    with pytest.raises(LookupError):
        press(browser, path, "Add a payment method")
    forced = browser.post(f"{path}/add")
    assert alarm(forced) == "The merchant does not offer this here."
    press(browser, path, "Cancel the subscription")
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"


def test_nobody_reaches_what_is_anothers(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, subscription: Any
) -> None:
    other = open_portal(client, client.v1.customers.create())
    refused = browser.post(f"{other}/cancel", data={"subscription": subscription.id})
    assert alarm(refused) == "This is not yours any more."
    assert client.v1.subscriptions.retrieve(subscription.id).cancel_at is None
    for path in ("/p/session/none", "/p/session/none/cancel"):
        gone = browser.get(path) if path.endswith("none") else browser.post(path, data={"subscription": "x"})
        assert (gone.status_code, heading(gone)) == (410, "This page is not open any more")


def test_configurations_are_listed_and_changed(running: RunningSandbox, client: stripe.StripeClient) -> None:
    (default,) = client.v1.billing_portal.configurations.list({"is_default": True}).data
    assert (default.features.subscription_cancel.mode, default.features.subscription_update.enabled) == (
        "at_period_end",
        False,
    )
    own = client.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}, "default_return_url": "https://shop.example"}
    )
    changed = client.v1.billing_portal.configurations.update(
        own.id,
        {"active": False, "features": {"customer_update": {"enabled": True, "allowed_updates": ["email"]}}},
    )
    assert (changed.active, changed.features.customer_update.allowed_updates) == (False, ["email"])
    assert changed.features.invoice_history.enabled
    with pytest.raises(stripe.InvalidRequestError, match="not active"):
        client.v1.billing_portal.sessions.create({"customer": client.v1.customers.create().id, "configuration": own.id})
    with pytest.raises(stripe.InvalidRequestError, match="cannot be deactivated"):
        client.v1.billing_portal.configurations.update(default.id, {"active": False})


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"customer": ""}, "customer"),
        ({}, "customer"),
        ({"customer": "cus_none"}, "customer"),
        ({"customer": "{id}", "return_url": "javascript:alert(1)"}, "return_url"),
        ({"customer": "{id}", "flow_data": {"type": "subscription_pause"}}, "flow_data[type]"),
        (
            {"customer": "{id}", "flow_data": {"type": "subscription_cancel"}},
            "flow_data[subscription_cancel][subscription]",
        ),
    ],
)
def test_a_session_that_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, params: Any, param: str
) -> None:
    sent: Any = {name: customer.id if value == "{id}" else value for name, value in params.items()}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.billing_portal.sessions.create(sent)
    assert refusal.value.param == param


def test_a_session_can_be_for_one_cancellation_alone(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, subscription: Any
) -> None:
    done = "https://shop.example/canceled"
    flow: Any = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": {"type": "redirect", "redirect": {"return_url": done}},
    }
    session: Any = client.v1.billing_portal.sessions.create(
        {"customer": customer.id, "flow_data": flow, "expand": ["configuration"]}
    )
    assert session.flow.subscription_cancel.subscription == subscription.id
    assert session.configuration.is_default
    path = urlsplit(session.url).path
    page = browser.get(path)
    assert (heading(page), buttons(page)) == ("Your subscriptions", ["Cancel the subscription"])
    assert press(browser, path, "Cancel the subscription").headers["location"] == done
    assert client.v1.subscriptions.retrieve(subscription.id).cancel_at is not None


def test_a_session_can_be_for_a_new_payment_method_alone(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    done = "https://shop.example/saved"
    after: Any = {"type": "redirect", "redirect": {"return_url": done}}
    path = open_portal(client, customer, flow_data={"type": "payment_method_update", "after_completion": after})
    page = browser.get(path)
    assert (heading(page), buttons(page)) == ("How you pay", ["Add a payment method"])
    checkout = urlsplit(press(browser, path, "Add a payment method").headers["location"]).path
    assert browser.post(checkout, data=CARD).headers["location"] == done
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1
