import re
from collections.abc import Iterator
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import stripe

from sandbox.pages.render import money
from tests.running_sandbox import RunningSandbox

GOOD = "4242424242424242"
DECLINED = "4000000000000002"
ASKS = "4000002500003155"
CARD = {"number": GOOD, "exp_month": "12", "exp_year": "34", "cvc": "123"}
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


@pytest.fixture
def browser(running: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, trust_env=False) as browser:
        yield browser


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


@pytest.fixture
def session(client: stripe.StripeClient, customer: stripe.Customer) -> Any:
    return open_session(client, customer)


def submit(browser: httpx.Client, session: Any, **changes: str) -> httpx.Response:
    return browser.post(f"/c/pay/{session.id}", data={**CARD, **changes})


def alarm(page: httpx.Response) -> str:
    """What the page's alert says; empty if it has none."""
    found = re.search(r'role="alert">.*?<span>(.*?)</span>', page.text, re.DOTALL)
    return unescape(found[1]) if found else ""


def heading(page: httpx.Response) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    assert found
    return unescape(found[1])


def dangers(page: str) -> list[str]:
    """The elements and attributes of a page that could run or restyle anything."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend({tag} & {"script", "style", "img", "iframe"})
            found.extend(name for name, _ in attrs if name == "style" or name.startswith("on"))
            found.extend(url for name, url in attrs if name == "href" and url and url.startswith("javascript:"))

    Reader().feed(page)
    return found


def intent_of(client: stripe.StripeClient, session: Any) -> stripe.SetupIntent:
    return client.v1.setup_intents.retrieve(session.setup_intent)


def test_checkout_says_who_asks_for_what_and_offers_both_methods(browser: httpx.Client, session: Any) -> None:
    page = browser.get(f"/c/pay/{session.id}")
    assert page.status_code == 200
    assert heading(page) == "Save a payment method for future payments"
    assert all(part in page.text for part in ("Sandbox Shop", "ada@example.com", "Sandbox: no real money", GOOD[:4]))
    assert 'href="https://shop.example/back"' in page.text
    assert re.findall(r"<button[^>]*>(.*?)</button>", page.text) == ["Amazon Pay", "Save card"]


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
    ("offered", "buttons"), [("card", ["Save card"]), ("amazon_pay", ["Amazon Pay"])], ids=["card", "amazon_pay"]
)
def test_only_offered_methods_have_buttons(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer, offered: str, buttons: list[str]
) -> None:
    session = open_session(client, customer, allowed_payment_method_types=[offered])
    page = browser.get(f"/c/pay/{session.id}")
    assert re.findall(r"<button[^>]*>(.*?)</button>", page.text) == buttons


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


def test_authorizing_at_amazon_leads_to_the_success_url(
    running: RunningSandbox, client: stripe.StripeClient, session: Any
) -> None:
    assert running.authorize_amazon_pay(session.id) == f"https://shop.example/done?session={session.id}"
    assert intent_of(client, session).status == "succeeded"


def test_amazons_page_is_a_stand_in_that_names_who_asks(
    running: RunningSandbox, browser: httpx.Client, session: Any
) -> None:
    there = running.press(f"/c/pay/{session.id}", "Amazon Pay").headers["location"]
    page = browser.get(there)
    assert heading(page) == "Sandbox Shop asks to charge your Amazon Pay account"
    assert "A stand-in for Amazon Pay" in page.text
    assert re.findall(r"<button[^>]*>(.*?)</button>", page.text) == ["Authorize", "Fail"]


def test_after_a_failure_at_amazon_checkout_says_so_and_a_second_try_can_succeed(
    running: RunningSandbox, browser: httpx.Client, session: Any
) -> None:
    back = running.fail_amazon_pay(session.id)
    assert back == session.url
    assert alarm(browser.get(back)).startswith("Amazon Pay was not authorized")
    assert running.authorize_amazon_pay(session.id).startswith("https://shop.example/done")


def test_a_card_that_needs_authentication_is_saved_once_the_bank_agrees(
    running: RunningSandbox, browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    challenge = submit(browser, session, number=ASKS).headers["location"]
    assert re.findall(r"<button[^>]*>(.*?)</button>", browser.get(challenge).text) == ["Complete", "Fail"]
    assert running.press(challenge, "Fail").headers["location"] == session.url
    assert alarm(browser.get(session.url)).startswith("Your bank could not confirm")
    again = submit(browser, session, number=ASKS).headers["location"]
    done = running.press(again, "Complete").headers["location"]
    assert done == f"https://shop.example/done?session={session.id}"
    assert intent_of(client, session).status == "succeeded"


def test_the_bank_cannot_be_answered_for_amazon(
    running: RunningSandbox, browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    there = running.press(f"/c/pay/{session.id}", "Amazon Pay").headers["location"]
    wrong = there.replace("/amazon_pay/", "/challenge/")
    assert browser.get(wrong).headers["location"] == f"/c/pay/{session.id}"
    assert browser.post(wrong, data={"decision": "complete"}).headers["location"] == f"/c/pay/{session.id}"
    assert intent_of(client, session).status == "requires_action"


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


def test_what_merchants_and_customers_write_is_shown_as_text(
    browser: httpx.Client, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({"name": HOSTILE, "metadata": {"note": HOSTILE}})
    session = open_session(
        client,
        customer,
        custom_text={"submit": {"message": HOSTILE}, "after_submit": {"message": HOSTILE}},
        setup_intent_data={"description": HOSTILE},
        cancel_url="https://shop.example/?a=" + HOSTILE,
        metadata={"note": HOSTILE},
    )
    for path in (f"/c/pay/{session.id}", "/"):
        page = browser.get(path).text
        assert dangers(page) == []
        assert escape(HOSTILE, quote=False).partition("'")[0] in page
    shown = browser.get(f"/objects/{customer.id}")
    assert shown.headers["content-type"] == "application/json"
    assert shown.json()["metadata"]["note"] == HOSTILE


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind-a-proxy.example"}, 303),
        ({}, 303),
    ],
)
def test_a_form_sent_by_another_sites_page_is_refused(
    browser: httpx.Client, session: Any, headers: dict[str, str], status: int
) -> None:
    assert browser.post(f"/c/pay/{session.id}", data=CARD, headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/", "/c/pay/{id}", "/c/pay/none", "/objects/{id}"])
def test_no_page_may_be_framed_kept_or_run_scripts(browser: httpx.Client, session: Any, path: str) -> None:
    page = browser.get(path.format(id=session.id))
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert dangers(page.text) == []


def test_everything_that_a_page_loads_is_there(browser: httpx.Client, session: Any) -> None:
    page = browser.get(f"/c/pay/{session.id}").text
    loaded = re.findall(r'<link rel="\w+" href="([^"]+)"', page)
    assert loaded == ["/static/icon.svg", "/static/pages.css"]
    assert [browser.get(path).status_code for path in loaded] == [200, 200]


def test_the_sandboxs_own_page_shows_what_it_holds_and_links_to_the_json(
    running: RunningSandbox, browser: httpx.Client, client: stripe.StripeClient, session: Any
) -> None:
    submit(browser, session)
    page = browser.get("/").text
    assert running.base_url in page
    assert f'href="/objects/{session.id}"' in page
    event = client.v1.events.list({"type": "checkout.session.completed", "limit": 1}).data[0]
    assert f'href="/objects/{event.id}"' in page
    assert browser.get(f"/objects/{event.id}").json()["data"]["object"]["id"] == session.id


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1500, "usd", "15.00 USD"), (1500, "jpy", "1,500 JPY"), (-5, "eur", "-0.05 EUR"), (1500, "kwd", "1.500 KWD")],
)
def test_amounts_have_the_decimals_of_their_currency(amount: int, currency: str, text: str) -> None:
    assert money(amount, currency) == text
