from typing import Any

import httpx
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.pages.acting import intent_of, submit
from tests.sandbox.pages.reading import alarm, buttons, heading

ASKS = "4000002500003155"


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
    assert buttons(page) == ["Authorize", "Fail"]


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
    assert buttons(browser.get(challenge)) == ["Complete", "Fail"]
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
