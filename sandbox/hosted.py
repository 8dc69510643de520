"""What a customer does on the hosted pages: see a Checkout session, enter a card, go to Amazon and come back.

Plain functions for the pages; every change goes through the same resources and events as the API's own.
Addresses of the pages: `/c/pay/<cs_id>` Checkout, `/amazon_pay/<seti_id>` Amazon, `/challenge/<seti_id>` the bank.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sandbox.core import Sandbox


class SessionClosed(Exception):
    """The session is complete, expired or unknown, or nothing waits for this answer: show its state instead."""


@dataclass(frozen=True)
class Outcome:
    """What became of a submitted card.

    saved: send the browser to `url`, the merchant's success page.
    challenge: the bank wants to see the customer; send the browser to `url`, the challenge page.
    declined: show `message` on the form; the session stays open.
    """

    status: Literal["saved", "declined", "challenge"]
    url: str | None = None
    message: str | None = None


def view(sandbox: Sandbox, cs_id: str) -> dict[str, Any] | None:
    """The session as the API shows it, with `setup_intent` and `customer` as objects; None if there is none.

    `status` open, complete or expired decides which page to show; `payment_method_types` which methods to offer;
    `setup_intent["last_setup_error"]["message"]` what went wrong last. `merchant` is the account's display name.
    """
    raise NotImplementedError


def view_setup_intent(sandbox: Sandbox, seti_id: str) -> dict[str, Any] | None:
    """The SetupIntent with its session beside it (`session`, as `view` gives it); None if there is none.

    A page for Amazon or the bank is due only while `status` is requires_action.
    """
    raise NotImplementedError


def submit_card(
    sandbox: Sandbox, cs_id: str, number: str, exp_month: int, exp_year: int, cvc: str
) -> Outcome:
    """Confirm the session's SetupIntent with a card. `exp_year` has four digits.

    Raises SessionClosed.
    """
    raise NotImplementedError


def start_amazon_pay(sandbox: Sandbox, cs_id: str) -> str:
    """Confirm the session's SetupIntent with Amazon Pay; the address of Amazon's stand-in page.

    Raises SessionClosed.
    """
    raise NotImplementedError


def finish_amazon_pay(sandbox: Sandbox, seti_id: str, authorize: bool) -> str:
    """Where the browser goes next: the success page if the customer authorized, else back to Checkout.

    Raises SessionClosed.
    """
    raise NotImplementedError


def confirm_challenge(sandbox: Sandbox, seti_id: str, ok: bool) -> str:
    """The bank's answer: the address of the success page, or of Checkout again if the customer failed.

    Raises SessionClosed.
    """
    raise NotImplementedError
