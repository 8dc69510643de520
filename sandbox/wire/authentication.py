"""Keys and versions: who may speak, and in which version of the API."""

import base64
import binascii

from starlette.datastructures import Headers

from sandbox.errors import AuthenticationFailed, InvalidRequest
from sandbox.wire import contract

TEST_KEYS = ("sk_test_", "rk_test_")


def check_key(headers: Headers) -> None:
    """Take any test key, as a bearer token or as the user of basic authentication."""
    key = _key(headers.get("authorization", ""))
    if not key:
        raise AuthenticationFailed(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if not key.startswith(TEST_KEYS) or len(key) <= len(TEST_KEYS[0]):
        hint = " This is a sandbox: it takes test keys only (sk_test_...)." if "_live_" in key else ""
        raise AuthenticationFailed(f"Invalid API Key provided: {_masked(key)}.{hint}")


def check_version(headers: Headers) -> None:
    """Refuse any version but the pinned one; none at all means the pinned one."""
    version = headers.get("stripe-version", contract.VERSION)
    if version != contract.VERSION:
        raise InvalidRequest(f"Invalid Stripe API version: {version}. This sandbox speaks {contract.VERSION} only.")


def _key(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _masked(key: str) -> str:
    return key[:8] + "*" * max(len(key) - 12, 4) + key[-4:]
