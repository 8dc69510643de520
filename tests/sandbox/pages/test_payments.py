"""Paying on a page: what is due, with which method, and what the bank or Amazon says."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.pages.acting import CARD
from tests.sandbox.pages.reading import alarm, buttons, dangers, heading
from tests.sandbox.paying import pay_by, save_amazon
from tests.sandbox.test_payment_intents import attach

ASKS = "4000002760003184"
BACK = "https://shop.example/paid?order=7"


@pytest.fixture
def intent(client: stripe.StripeClient, customer: stripe.Customer) -> Any:
    return client.v1.payment_intents.create(
        {
            "amount": 1999,
            "currency": "usd",
            "customer": customer.id,
            "description": "Tea <b>box</b>",
            "setup_future_usage": "off_session",
        }
    )


def path_of(url: str) -> str:
    return urlsplit(url).path


def again(client: stripe.StripeClient, intent: Any) -> Any:
    return client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})


def test_the_page_of_a_payment_says_what_is_due_and_offers_every_way(
    running: RunningSandbox,
    browser: httpx.Client,
    client: stripe.StripeClient,
    customer: stripe.Customer,
    intent: Any,
) -> None:
    attach(client, customer, "pm_card_visa")
    save_amazon(running, client, customer)
    page = browser.get(f"/pay/{intent.client_secret}", params={"return_url": BACK})
    assert (page.status_code, heading(page)) == (200, "19.99 USD")
    assert all(part in page.text for part in ("Sandbox Shop", "ada@example.com", "Tea &lt;b&gt;box&lt;/b&gt;"))
    saved = ["Pay with Amazon Pay account", "Pay with Visa •••• 4242"]
    assert buttons(page) == [*saved, "Amazon Pay", "Pay 19.99 USD"]
    assert f'href="{BACK}"' in page.text
    assert dangers(page.text) == []


def test_a_new_card_pays_and_is_kept(browser: httpx.Client, client: stripe.StripeClient, intent: Any) -> None:
    sent = browser.post(f"/pay/{intent.client_secret}", data={**CARD, "return_url": BACK})
    address = urlsplit(sent.headers["location"])
    assert (sent.status_code, address.netloc) == (303, "shop.example")
    assert parse_qs(address.query) == {
        "order": ["7"],
        "payment_intent": [intent.id],
        "payment_intent_client_secret": [intent.client_secret],
        "redirect_status": ["succeeded"],
    }
    paid = again(client, intent)
    assert (paid.status, paid.latest_charge.payment_method_details.card.last4) == ("succeeded", "4242")
    assert client.v1.payment_methods.retrieve(paid.payment_method).customer == intent.customer
    assert heading(browser.get(f"/pay/{intent.client_secret}")) == "19.99 USD paid"


def test_a_saved_method_pays_with_one_button(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer, intent: Any
) -> None:
    attach(client, customer, "pm_card_visa")
    running.press(f"/pay/{intent.client_secret}", "Pay with Visa •••• 4242")
    assert again(client, intent).status == "succeeded"


def test_amazon_pay_asks_on_its_own_page_and_is_kept_with_a_mandate(
    running: RunningSandbox, browser: httpx.Client, client: stripe.StripeClient, intent: Any
) -> None:
    there = path_of(running.press(f"/pay/{intent.client_secret}", "Amazon Pay").headers["location"])
    assert again(client, intent).status == "requires_action"
    assert buttons(browser.get(there)) == ["Authorize", "Fail"]
    back = path_of(running.press(there, "Fail").headers["location"])
    assert alarm(browser.get(back)).startswith("The payment was not confirmed")
    there = path_of(running.press(back, "Amazon Pay").headers["location"])
    running.press(there, "Authorize")
    paid = again(client, intent)
    assert (paid.status, paid.latest_charge.payment_method_details.type) == ("succeeded", "amazon_pay")
    (method,) = client.v1.customers.payment_methods.list(intent.customer).data
    assert method.type == "amazon_pay"


def test_a_bank_that_asks_is_answered_and_a_second_answer_changes_nothing(
    running: RunningSandbox, browser: httpx.Client, client: stripe.StripeClient, intent: Any
) -> None:
    sent = browser.post(f"/pay/{intent.client_secret}", data={**CARD, "number": ASKS})
    there = path_of(sent.headers["location"])
    assert buttons(browser.get(there)) == ["Complete", "Fail"]
    assert browser.get(f"/pay/{intent.client_secret}").headers["location"] == there
    running.press(there, "Complete")
    assert again(client, intent).status == "succeeded"
    assert heading(browser.post(there, data={"decision": "fail"})) == "19.99 USD paid"
    assert again(client, intent).status == "succeeded"


@pytest.mark.parametrize(
    ("label", "status", "told"), [("Complete", "succeeded", "succeeded"), ("Fail", "requires_payment_method", "failed")]
)
def test_a_charge_that_needed_the_customer_is_confirmed_on_the_page_that_the_api_names(
    running: RunningSandbox,
    client: stripe.StripeClient,
    customer: stripe.Customer,
    label: str,
    status: str,
    told: str,
) -> None:
    method = attach(client, customer, "pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as refusal:
        pay_by(client, customer, method)
    error: Any = refusal.value.error
    assert error.code == "authentication_required"
    intent: Any = client.v1.payment_intents.confirm(
        error.payment_intent.id, {"payment_method": method, "return_url": BACK}
    )
    assert (intent.status, intent.next_action.redirect_to_url.return_url) == ("requires_action", BACK)
    back = running.press(path_of(intent.next_action.redirect_to_url.url), label).headers["location"]
    assert f"redirect_status={told}" in back
    after = again(client, intent)
    assert after.status == status
    if label == "Fail":
        assert after.last_payment_error.code == "payment_intent_authentication_failure"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"number": "4242"}, "Your card number is incomplete."),
        ({"number": "4242424242424241"}, "Your card number is incorrect."),
        ({"number": "4000000000000341"}, "Your card was declined."),
        ({"exp_year": "2019"}, "Your card's expiration date is in the past."),
    ],
)
def test_what_is_wrong_with_a_card_is_told_on_the_page(
    browser: httpx.Client, client: stripe.StripeClient, intent: Any, changes: dict[str, str], message: str
) -> None:
    page = browser.post(f"/pay/{intent.client_secret}", data={**CARD, **changes})
    assert (page.status_code, alarm(page)) == (200, message)
    assert again(client, intent).status == "requires_payment_method"


def test_a_payment_is_found_by_its_whole_secret_only_and_not_after_its_end(
    browser: httpx.Client, client: stripe.StripeClient, intent: Any
) -> None:
    for wrong in ("pi_none_secret_x", intent.id, f"{intent.id}_secret_x"):
        assert heading(browser.get(f"/pay/{wrong}")) == "There is no such payment"
        assert browser.post(f"/pay/{wrong}", data=CARD).status_code == 404
    client.v1.payment_intents.cancel(intent.id)
    for page in (browser.get(f"/pay/{intent.client_secret}"), browser.post(f"/pay/{intent.client_secret}", data=CARD)):
        assert (page.status_code, heading(page)) == (410, "This payment was canceled")


def test_a_foreign_method_does_not_pay(browser: httpx.Client, client: stripe.StripeClient, intent: Any) -> None:
    other = attach(client, client.v1.customers.create(), "pm_card_visa")
    page = browser.post(f"/pay/{intent.client_secret}/saved", data={"payment_method": other})
    assert alarm(page).startswith("This payment method is not yours")


def test_a_way_back_that_is_no_web_address_is_ignored(browser: httpx.Client, intent: Any) -> None:
    page = browser.get(f"/pay/{intent.client_secret}", params={"return_url": "javascript:alert(1)"})
    assert "javascript" not in page.text
    sent = browser.post(f"/pay/{intent.client_secret}", data={**CARD, "return_url": "javascript:alert(1)"})
    assert path_of(sent.headers["location"]) == f"/pay/{intent.client_secret}"
