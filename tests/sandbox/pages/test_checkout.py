import re
from html import escape
from typing import Any

import httpx
import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.pages.acting import intent_of, open_session, submit
from tests.sandbox.pages.reading import alarm, buttons, heading

DECLINED = "4000000000000002"


def test_checkout_says_who_asks_for_what_and_offers_both_methods(browser: httpx.Client, session: Any) -> None:
    page = browser.get(f"/c/pay/{session.id}")
    assert page.status_code == 200
    assert heading(page) == "Save a payment method for future payments"
    assert all(part in page.text for part in ("Sandbox Shop", "ada@example.com", "Sandbox: no real money", "4242"))
    assert 'href="https://shop.example/back"' in page.text
    assert buttons(page) == ["Amazon Pay", "Save card"]


def test_every_field_has_a_label_and_tells_the_browser_what_it_is_for(browser: httpx.Client, session: Any) -> None:
    page = browser.get(f"/c/pay/{session.id}").text
    fields = {name: tag for tag in re.findall(r"<input[^>]*>", page) for name in re.findall(r' name="(\w+)"', tag)}
    assert set(fields) == {"number", "exp_month", "exp_year", "cvc"}
    assert all(f'<label for="{name}"' in page or f'for="{name}">' in page for name in fields)
    assert all('inputmode="numeric"' in tag for tag in fields.values())
    told = {name: re.findall(r'autocomplete="([\w-]+)"', tag) for name, tag in fields.items()}
    assert told == {
        "number": ["cc-number"],
        "exp_month": ["cc-exp-month"],
        "exp_year": ["cc-exp-year"],
        "cvc": ["cc-csc"],
    }


@pytest.mark.parametrize(
    ("offered", "labels"), [("card", ["Save card"]), ("amazon_pay", ["Amazon Pay"])], ids=["card", "amazon_pay"]
)
def test_only_offered_methods_have_buttons(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, offered: str, labels: list[str]
) -> None:
    session = open_session(client, customer, allowed_payment_method_types=[offered])
    page = browser.get(f"/c/pay/{session.id}")
    assert buttons(page) == labels


def test_a_good_card_leads_to_the_success_url_with_the_sessions_id(
    browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    answer = submit(browser, session, number="4242 4242-4242 4242")
    assert (answer.status_code, answer.headers["location"]) == (303, f"https://shop.example/done?session={session.id}")
    assert intent_of(client, session).status == "succeeded"


def test_a_declined_card_leaves_the_session_open_and_says_why(
    browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    page = submit(browser, session, number=DECLINED, cvc="987")
    assert (page.status_code, alarm(page)) == (200, "Your card was declined.")
    assert re.findall(r'value="([^"]*)"', page.text) == ["12", "34"]
    assert re.search(r'name="number"[^>]*aria-invalid="true" aria-describedby="alarm"', page.text)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert alarm(browser.get(f"/c/pay/{session.id}")) == "Your card was declined."
    assert submit(browser, session).status_code == 303


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("number", "", "Your card number is incomplete."),
        ("number", "4242", "Your card number is incomplete."),
        ("exp_month", "13", "Your card's expiration month is invalid."),
        ("exp_month", "December", "Your card's expiration month is invalid."),
        ("exp_year", "034", "Your card's expiration year is invalid."),
        ("exp_year", "2019", "Your card's expiration date is in the past."),
        ("cvc", "", "Your card's security code is incomplete."),
        ("cvc", "12x", "Your card's security code is incomplete."),
    ],
)
def test_a_mistake_in_the_form_is_told_at_its_field_and_no_bank_is_asked(
    browser: httpx.Client, client: stripe.StripeClient, session: Any, field: str, typed: str, message: str
) -> None:
    page = submit(browser, session, **{field: typed})
    assert (page.status_code, alarm(page)) == (200, message)
    assert re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', page.text) == [field]
    assert intent_of(client, session).last_setup_error is None


def test_a_form_without_any_field_is_a_mistake_and_not_a_fault(browser: httpx.Client, session: Any) -> None:
    assert alarm(browser.post(f"/c/pay/{session.id}")) == "Your card number is incomplete."


def test_submitting_a_finished_session_again_changes_nothing(
    running: RunningSandbox, browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    there = running.press(f"/c/pay/{session.id}", "Amazon Pay").headers["location"]
    first = running.press(there, "Authorize").headers["location"]
    before = intent_of(client, session)
    again = [
        browser.post(there, data={"decision": "authorize"}),
        browser.post(there, data={"decision": "fail"}),
        browser.post(f"/c/pay/{session.id}/amazon_pay"),
        browser.get(there),
    ]
    assert {answer.headers["location"] for answer in again} == {f"/c/pay/{session.id}"}
    assert heading(submit(browser, session)) == "Your payment method is saved"
    page = browser.get(f"/c/pay/{session.id}")
    assert (page.status_code, heading(page)) == (200, "Your payment method is saved")
    assert f'href="{escape(first)}"' in page.text
    assert intent_of(client, session).to_dict() == before.to_dict()
    assert len(client.v1.customers.payment_methods.list(session.customer).data) == 1


def test_an_expired_session_says_so_and_takes_nothing(
    browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    client.v1.checkout.sessions.expire(session.id)
    for page in (browser.get(f"/c/pay/{session.id}"), submit(browser, session)):
        assert (page.status_code, heading(page)) == (410, "This checkout page has expired")
    assert browser.post(f"/c/pay/{session.id}/amazon_pay").headers["location"] == f"/c/pay/{session.id}"
    assert intent_of(client, session).status == "canceled"


@pytest.mark.parametrize(
    "path", ["/c/pay/cs_test_none", "/amazon_pay/seti_none", "/challenge/seti_none", "/i/in_none", "/objects/cus_none"]
)
def test_an_unknown_address_is_a_page_of_its_own(browser: httpx.Client, path: str) -> None:
    page = browser.get(path)
    assert page.status_code == 404
    assert heading(page).startswith("There is no such")
