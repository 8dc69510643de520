import re
from html import escape
from typing import Any

import httpx
import pytest
import stripe

from tests.sandbox.pages.acting import CARD, open_session
from tests.sandbox.pages.reading import dangers

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


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
