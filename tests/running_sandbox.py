"""The sandbox as tests use it: a process of its own on a free port, spoken to with the real SDK."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import stripe

ROOT = Path(__file__).parent.parent
ADDRESSES: tuple[Any, ...] = ("api", "connect", "files", "meter_events")
KEY = "sk_test_sandbox"
PATIENCE = 20.0
"""Seconds that a process has to start."""
RECORDINGS = "ASSENT_RECORD_STRIPE"
"""The environment variable that names a folder for the record of every API exchange."""

stripe.enable_telemetry = False


class RunningSandbox:
    """`with RunningSandbox(folder) as sandbox`: a local Stripe whose state is in that folder.

    `stop` and `kill` end the process and `start` runs it again on the same state and port.
    """

    def __init__(
        self,
        folder: Path,
        *,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        methods: str = "card,amazon_pay",
        record: Path | None = None,
    ) -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._arguments = ["--port", str(self.port), "--database", str(folder / "sandbox.db"), "--methods", methods]
        if webhook_url and webhook_secret:
            self._arguments += ["--webhook-url", webhook_url, "--webhook-secret", webhook_secret]
        if folder_of_records := os.environ.get(RECORDINGS):
            record = record or Path(folder_of_records) / f"{uuid.uuid4().hex}.jsonl"
        if record:
            self._arguments += ["--record", str(record)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Run the program until it answers."""
        command = [sys.executable, "-m", "sandbox", *self._arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        for _ in until(PATIENCE):
            if self._process.poll() is not None:
                raise RuntimeError(f"The sandbox ended at once with code {self._process.returncode}.")
            with contextlib.suppress(httpx.TransportError):
                httpx.get(self.base_url + "/_sandbox/health", trust_env=False).raise_for_status()
                return
        self.kill()
        raise TimeoutError("The sandbox did not start.")

    def stop(self) -> None:
        """End it politely."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a chance to put anything in order."""
        self._end(signal.SIGKILL)

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
        return httpx.Client(base_url=self.base_url, trust_env=False)

    def _end(self, how: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)


def free_port() -> int:
    """A port of the loopback that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(seconds: float) -> Iterator[float]:
    """Tries, a little apart, until the time is over: for conditions that another process brings about."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        yield left
        time.sleep(0.02)
