"""What tests do with a running sandbox, whoever runs it: the real SDK, the hosted pages, the controls."""

import os
import re
import ssl
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import stripe

ADDRESSES: tuple[Any, ...] = ("api", "connect", "files", "meter_events")
KEY = "sk_test_sandbox"
RECORDINGS = "ASSENT_RECORD_STRIPE"
"""The environment variable that names a folder for the record of every API exchange."""
LONGEST_MOVE = 600.0
"""Seconds that moving the clock may take."""
TLS = ssl.create_default_context()
"""For all clients of a test's, which speak plain HTTP: each would read all of the machine's certificates by itself."""

stripe.enable_telemetry = False


def new_record() -> Path | None:
    """A file for one sandbox's exchanges, where they are to be recorded."""
    folder = os.environ.get(RECORDINGS)
    return Path(folder) / f"{uuid.uuid4().hex}.jsonl" if folder else None


class SandboxClient:
    """A sandbox at an address."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._ahead: float | None = None

    def now(self) -> datetime:
        """The sandbox's time."""
        if self._ahead is None:
            with self._browser() as browser:
                self._ahead = browser.get("/_sandbox/clock").raise_for_status().json()["ahead"]
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def advance(self, **span: float) -> datetime:
        """Moves the clock forward by `timedelta(**span)`, and everything that falls due happens; the time after."""
        return self._move({"advance": timedelta(**span).total_seconds()})

    def advance_to(self, moment: datetime) -> datetime:
        """The same, to a moment."""
        return self._move({"to": int(moment.timestamp())})

    def _move(self, how: dict[str, float]) -> datetime:
        with self._browser() as browser:
            answer = browser.post("/_sandbox/clock", json=how, timeout=LONGEST_MOVE).raise_for_status().json()
        self._ahead = answer["ahead"]
        return self.now()

    def client(self, **options: Any) -> stripe.StripeClient:
        """The official client, with every address pointing here."""
        addresses: Any = dict.fromkeys(ADDRESSES, self.base_url)
        return stripe.StripeClient(KEY, base_addresses=addresses, **options)

    def enable(self, *methods: str) -> None:
        """Switch payment method types on, and all others off."""
        with self._browser() as browser:
            browser.post("/_sandbox/config", json={"methods": list(methods)}).raise_for_status()

    def enter_card(self, session: str, number: str, **fields: str) -> httpx.Response:
        """Submit the card form of a Checkout session, as a browser does; redirects are not followed."""
        form = {"number": number, "exp_month": "12", "exp_year": "2034", "cvc": "123", **fields}
        with self._browser() as browser:
            return browser.post(f"/c/pay/{session}", data=form)

    def authorize_amazon_pay(self, session: str) -> str:
        """Choose Amazon Pay and press Authorize; the address that the browser is sent to."""
        return self._answer_amazon_pay(session, "Authorize")

    def fail_amazon_pay(self, session: str) -> str:
        """Choose Amazon Pay and press Fail; the address that the browser is sent to."""
        return self._answer_amazon_pay(session, "Fail")

    def control(self, path: str, /, **fields: Any) -> Any:
        """Makes something happen that at Stripe only others could, by the control of that name; its answer."""
        with self._browser() as browser:
            return browser.post(f"/_sandbox/{path}", json=fields).raise_for_status().json()

    def press(self, page: str, label: str) -> httpx.Response:
        """Press the button of that label on a page; redirects are not followed."""
        with self._browser() as browser:
            text = browser.get(page).raise_for_status().text
            button = re.search(rf"<button([^>]*)>\s*{label}\s*</button>", text)
            if button is None:
                raise LookupError(f"No button {label} on {page}")
            attributes = dict(re.findall(r'(name|value)="([^"]*)"', button[1]))
            action = re.findall(r'<form[^>]* action="([^"]*)"', text[: button.start()])[-1]
            return browser.post(action, data={attributes["name"]: attributes["value"]} if attributes else {})

    def _answer_amazon_pay(self, session: str, label: str) -> str:
        there = self.press(f"/c/pay/{session}", "Amazon Pay").headers["location"]
        return str(self.press(there, label).headers["location"])

    def _browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, verify=TLS, trust_env=False)
