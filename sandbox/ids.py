"""Identifiers and secrets that look like Stripe's."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """A fresh id such as `cus_4f...`."""
    return f"{prefix}_{new_token(length)}"


def new_token(length: int) -> str:
    """Random letters and digits."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(length))
