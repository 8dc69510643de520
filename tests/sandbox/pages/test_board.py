from typing import Any

import httpx
import pytest
import stripe

from sandbox.money import money
from tests.running_sandbox import RunningSandbox
from tests.sandbox.pages.acting import submit


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
