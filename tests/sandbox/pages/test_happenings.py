"""The sandbox's own page as a person uses it to make things happen."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
import stripe

from sandbox.pages.happenings import in_a_month, span
from tests.moving_sandbox import MovingSandbox, moving_sandbox
from tests.running_sandbox import RunningSandbox
from tests.sandbox.pages.acting import press
from tests.sandbox.pages.reading import dangers, heading
from tests.sandbox.paying import control, pay, pay_by, pay_by_amazon, save_amazon
from tests.sandbox.test_payment_intents import attach

DAY = 24 * 3600


@pytest.fixture
def own(tmp_path: Path) -> Iterator[MovingSandbox]:
    with moving_sandbox(tmp_path) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("label", "typed", "least", "most"),
    [
        ("+1 hour", {}, 3600, 3660),
        ("+1 day", {}, DAY, DAY + 60),
        ("+1 week", {}, 7 * DAY, 7 * DAY + 60),
        ("+1 month", {}, 28 * DAY - 60, 31 * DAY + 60),
        ("Move", {"to": "2099-12-31T23:59"}, 365 * DAY, 100 * 365 * DAY),
    ],
)
def test_time_is_moved_by_a_button(
    own: MovingSandbox, label: str, typed: dict[str, str], least: int, most: int
) -> None:
    with httpx.Client(base_url=own.base_url, trust_env=False) as browser:
        before = browser.get("/_sandbox/clock").json()["now"]
        answer = press(browser, "/", label, **typed)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert least <= browser.get("/_sandbox/clock").json()["now"] - before <= most
        assert "ahead)" in browser.get("/").text


def test_the_dashboards_settings_are_changed_by_a_form(own: MovingSandbox) -> None:
    with httpx.Client(base_url=own.base_url, trust_env=False) as browser:
        press(browser, "/", "Save", methods="card", retries="1, 3", after_retries="unpaid")
        told = browser.get("/_sandbox/config").json()
        assert told == {"methods": ["card"], "retries": [1, 3], "after_retries": "unpaid"}
        page = browser.get("/").text
        assert '<option value="unpaid" selected>' in page
        wrong = press(browser, "/", "Save", retries="soon")
        assert (wrong.status_code, heading(wrong)) == (400, "That was not done")
        assert browser.get("/_sandbox/config").json() == told


def test_what_a_form_gets_wrong_is_told_on_a_page_with_a_way_back(own: MovingSandbox) -> None:
    with httpx.Client(base_url=own.base_url, trust_env=False) as browser:
        answer = browser.post("/_sandbox/clock", data={"to": "2001-01-01T00:00"})
        assert (answer.status_code, heading(answer)) == (400, "That was not done")
        assert "forward only" in answer.text
        assert f'href="{own.base_url}/"' in answer.text


def test_a_payment_is_disputed_and_the_dispute_won_by_buttons(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    intent = pay(client, customer)
    press(browser, "/", "Dispute", intent.id)
    (dispute,) = client.v1.disputes.list({"payment_intent": intent.id}).data
    press(browser, "/", "Win", dispute.id)
    assert client.v1.disputes.retrieve(dispute.id).status == "won"
    with pytest.raises(LookupError):
        press(browser, "/", "Lose", dispute.id)


@pytest.mark.parametrize(("label", "status"), [("Settle", "succeeded"), ("Fail", "failed")])
def test_a_refund_ends_by_a_button(
    running: RunningSandbox,
    browser: httpx.Client,
    client: stripe.StripeClient,
    customer: stripe.Customer,
    label: str,
    status: str,
) -> None:
    refund = client.v1.refunds.create({"payment_intent": pay_by_amazon(running, client, customer).id})
    press(browser, "/", label, refund.id)
    assert client.v1.refunds.retrieve(refund.id).status == status


def test_a_method_is_made_to_fail_and_amazons_permission_revoked_by_buttons(
    running: RunningSandbox, browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    method = save_amazon(running, client, customer)
    press(browser, "/", "Fail next payment", method)
    with pytest.raises(stripe.CardError):
        pay_by(client, customer, method)
    press(browser, "/", "Revoke the mandate only", method)
    (intent,) = client.v1.setup_intents.list({"customer": customer.id}).data
    assert client.v1.mandates.retrieve(str(intent.mandate)).status == "inactive"
    assert client.v1.payment_methods.retrieve(method).customer == customer.id
    press(browser, "/", "Revoke", method)
    assert client.v1.payment_methods.retrieve(method).customer is None


def test_the_next_payment_of_a_customer_is_made_to_fail_by_a_form(
    browser: httpx.Client, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    typed = {"customer": customer.id, "decline_code": "insufficient_funds", "times": "2"}
    press(browser, "/", "Fail the next payment", **typed)
    assert f"The next 2 payments of {customer.id} will fail with insufficient_funds." in browser.get("/").text
    with pytest.raises(stripe.CardError):
        pay_by(client, customer, attach(client, customer, "pm_card_visa"))
    press(browser, "/", "Let payments succeed")
    assert pay(client, customer).status == "succeeded"


def test_the_weather_is_made_and_cleared_by_forms(running: RunningSandbox, browser: httpx.Client) -> None:
    try:
        press(browser, "/", "Spoil requests", path="/v1/nowhere*", rate="0.5")
        press(browser, "/", "Spoil deliveries", what="duplicate", events="nothing.*", times="3")
        page = browser.get("/")
        assert "POST /v1/nowhere*: 429: rate limit, 50% of them" in page.text
        assert "nothing.*: send twice, 3 times" in page.text
        assert dangers(page.text) == []
        press(browser, "/", "Clear the weather")
        assert httpx.get(f"{running.base_url}/_sandbox/weather", trust_env=False).json() == {
            "requests": [],
            "deliveries": [],
        }
    finally:
        control(running, "weather/clear")


def test_another_sites_page_presses_no_button(running: RunningSandbox, browser: httpx.Client) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        form = browser.post("/_sandbox/payments/fail_next", data={}, headers=headers)
        text = browser.post("/_sandbox/payments/fail_next", content=b"{}", headers=headers)
        assert (form.status_code, text.status_code) == (403, 403)
    assert httpx.get(f"{running.base_url}/_sandbox/payments/fail_next", trust_env=False).json() == {"planned": []}


@pytest.mark.parametrize(
    ("seconds", "words"), [(29, ""), (60, "1 minute"), (7260, "2 hours 1 minute"), (DAY * 31 + 5, "31 days")]
)
def test_spans_are_told_as_people_say_them(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("day", "later"), [("2027-01-31", "2027-02-28"), ("2026-12-15", "2027-01-15"), ("2028-01-30", "2028-02-29")]
)
def test_a_month_later_is_the_same_day_or_the_months_last(day: str, later: str) -> None:
    assert in_a_month(datetime.fromisoformat(f"{day}T12:00+00:00")).date().isoformat() == later
