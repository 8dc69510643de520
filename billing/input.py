"""Checks of input that several mutations share; each answers with the problems that it found."""

import re
from collections.abc import Sequence
from typing import Any

from billing.errors import InvalidInput, Problem

# https://docs.stripe.com/api/metadata
METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500
# Keys that Assent itself writes beside the merchant's.
OWN_KEYS = 8
OWN_PREFIX = "assent_"

# https://docs.stripe.com/api/subscriptions/create#create_subscription-trial_period_days
LONGEST_TRIAL = 730

CURRENCY = re.compile(r"[A-Z]{3}")
# An address is proven by a message that arrives; this only catches what cannot be one.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raises InvalidInput with all of them, if there are any."""
    if problems:
        raise InvalidInput(problems=tuple(problems))


def check_text(field: str, value: str, *, longest: int) -> list[Problem]:
    """Not blank, not too long, and without control characters."""
    if not value.strip():
        return [Problem(("input", field), "This may not be blank.")]
    if len(value) > longest:
        return [Problem(("input", field), f"This may have at most {longest} characters; it has {len(value)}.")]
    if any(ord(character) < 32 and character not in "\n\t" for character in value):
        return [Problem(("input", field), "This may not have control characters.")]
    if any("\ud800" <= character <= "\udfff" for character in value):
        return [Problem(("input", field), "This has half of a character; send whole ones.")]
    return []


def check_key(key: str) -> list[Problem]:
    """An idempotency key."""
    return check_text("idempotencyKey", key, longest=255)


def check_email(field: str, value: str | None) -> list[Problem]:
    """An e-mail address, or nothing."""
    if not value:
        return []
    if problems := check_text(field, value, longest=512):
        return problems
    if EMAIL.fullmatch(value):
        return []
    return [Problem(("input", field), "This is not an e-mail address.")]


def check_currency(field: str, value: str) -> list[Problem]:
    """ISO 4217, capitals."""
    return [] if CURRENCY.fullmatch(value) else [Problem(("input", field), "A currency is three capitals, as USD.")]


def check_trial(days: int | None) -> list[Problem]:
    """The length of a trial, or nothing."""
    if days is None or 1 <= days <= LONGEST_TRIAL:
        return []
    return [Problem(("input", "trialDays"), f"A trial lasts 1 to {LONGEST_TRIAL} days.")]


def check_metadata(field: str, value: Any) -> list[Problem]:
    """A flat object of strings within Stripe's limits, none of whose keys are ours."""
    if value is None:
        return []
    if not isinstance(value, dict):
        return [Problem(("input", field), 'Metadata is an object of strings, as {"plan": "gold"}.')]
    problems = [_metadata_problem(field, key, each) for key, each in value.items()]
    if len(value) > METADATA_KEYS - OWN_KEYS:
        problems.append(Problem(("input", field), f"There may be at most {METADATA_KEYS - OWN_KEYS} keys."))
    return [problem for problem in problems if problem is not None]


def _metadata_problem(field: str, key: str, value: Any) -> Problem | None:
    if key.startswith(OWN_PREFIX):
        return Problem(("input", field, key), f"Keys that begin with {OWN_PREFIX} are Assent's own.")
    if not key or len(key) > METADATA_KEY_LENGTH or "[" in key or "]" in key:
        return Problem(("input", field, key), f"A key has 1 to {METADATA_KEY_LENGTH} characters and no brackets.")
    if value is not None and (not isinstance(value, str) or len(value) > METADATA_VALUE_LENGTH):
        return Problem(("input", field, key), f"A value is a string of at most {METADATA_VALUE_LENGTH} characters.")
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in key + (value or "")):
        return Problem(("input", field, key), "Keys and values are of whole characters, and without NUL.")
    return None
