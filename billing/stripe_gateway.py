"""Stripe, spoken to: the only module that imports its SDK.

A request is data (method, path, parameters), so that an operation can keep it and send it again exactly as it was.
"""

import io
import json
import math
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Self

import httpx
import stripe
import structlog
from stripe._base_address import BaseAddresses

from billing.calls import observed
from billing.errors import BillingError, StripeRejected, StripeUnavailable

log = structlog.get_logger()

API_VERSION: str = stripe.api_version

# Seconds. Stripe finishes ordinary calls in well under these; a client of ours is waiting.
CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 20.0
MAX_NETWORK_RETRIES = 2

# A signature's time may lie this many seconds in the past (the SDK's default) or, by clock skew, in the future.
SIGNATURE_TOLERANCE = 300

JSONObject = dict[str, Any]


class NamedFile(io.BytesIO):
    """What the SDK takes for an open file."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name


@dataclass(frozen=True)
class Upload:
    """A file on its way to Stripe: all of it, so that the same bytes can be sent again."""

    name: str
    content: bytes

    @classmethod
    def load(cls, data: JSONObject | None) -> Self | None:
        """From what `dump` made."""
        return cls(data["name"], b64decode(data["content"])) if data else None

    def dump(self) -> JSONObject:
        """As JSON."""
        return {"name": self.name, "content": b64encode(self.content).decode()}


@dataclass(frozen=True)
class Request:
    """What Stripe is asked. `params` are Stripe's own, nested; `file` goes with them as the parameter of that name."""

    method: Literal["get", "post", "delete"]
    path: str
    params: JSONObject
    file: Upload | None = None

    @classmethod
    def load(cls, data: JSONObject) -> Self:
        """From what `dump` made."""
        return cls(data["method"], data["path"], data["params"], Upload.load(data.get("file")))

    def dump(self) -> JSONObject:
        """As JSON."""
        told = {"method": self.method, "path": self.path, "params": self.params}
        return {**told, "file": self.file.dump()} if self.file else told


@dataclass(frozen=True)
class Answer:
    """Stripe's object, and the seconds by Stripe's clock within which it was true."""

    data: JSONObject
    known_from: int
    known_until: int


@dataclass
class Declined(BillingError):
    """A 402: final for its idempotency key. `error` is Stripe's own error object."""

    error: JSONObject


@dataclass
class IdempotencyFault(BillingError):
    """Stripe saw our key with other parameters: a defect of ours, never a caller's."""


class StripeGateway:
    """One client for one event loop.

    `close` it there. `account` is Stripe's id of the account that the key belongs to, `country` its
    country where known. While it is `unconfirmed` that the key is this account's, that is asked before anything else.
    """

    def __init__(self, key: str, *, account: str, base: str | None = None) -> None:
        self.account = account
        self.country: str | None = None
        self.unconfirmed = False
        stripe.enable_telemetry = False
        transport = stripe.HTTPXClient(timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT))
        self._transport = transport
        self._client = stripe.StripeClient(
            key,
            http_client=transport,
            base_addresses=_addresses(base) if base else {},
            # The client's default is none at all, whatever the module's global says.
            max_network_retries=MAX_NETWORK_RETRIES,
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close_async()  # type: ignore[no-untyped-call]

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        """Asks Stripe. Raises Declined, StripeRejected, StripeUnavailable, IdempotencyFault."""
        if self.unconfirmed:
            await self._confirm()
        return await self._ask(request, idempotency_key)

    async def _confirm(self) -> None:
        found = (await self._ask(Request("get", "/v1/account", {}))).data
        if found["id"] != self.account:
            log.error("STRIPE_API_KEY is of another account than the database", account=self.account, of=found["id"])
            raise StripeRejected("This key is of another account than the database.", 401)
        self.unconfirmed = False

    async def _ask(self, request: Request, idempotency_key: str | None = None) -> Answer:
        options: JSONObject = (
            {"idempotency_key": idempotency_key} if idempotency_key and request.method == "post" else {}
        )
        if request.file:
            # Files have a host of their own.
            options |= {
                "base": "files",
                "content_type": "multipart/form-data",
                "file": NamedFile(request.file.name, request.file.content),
            }
        with observed(request.method, request.path) as call:
            try:
                response = await self._client.raw_request_async(
                    request.method, request.path, **request.params, **options
                )
            except stripe.StripeError as error:
                call.request_id = error.request_id
                raise translate(error) from error
            call.request_id = response.headers.get("request-id")
        return _answer(response, call.seconds)

    async def get(self, path: str, **params: Any) -> Answer:
        """Reads one object or one page."""
        return await self.send(Request("get", path, params))

    async def list_all(self, path: str, **params: Any) -> list[JSONObject]:
        """Reads every page of a list."""
        found: list[JSONObject] = []
        while True:
            after = {"starting_after": found[-1]["id"]} if found else {}
            page = (await self.get(path, limit=100, **params, **after)).data
            found += page["data"]
            if not page["has_more"]:
                return found


def _addresses(base: str) -> BaseAddresses:
    """All four, because each that is missing still points at Stripe."""
    return {"api": base, "connect": base, "files": base, "meter_events": base}


def _answer(response: Any, took: float) -> Answer:
    """An answer is true somewhere between the call's start and its `Date`, both by Stripe's clock.

    One that is repeated for an idempotency key is as old as its first sending, of which Stripe tells no time.
    """
    data = json.loads(response.body)
    date = response.headers.get("date")
    until = int(parsedate_to_datetime(date).timestamp()) if date else int(time.time())
    is_repeated = response.headers.get("idempotent-replayed") == "true"
    return Answer(data, 0 if is_repeated else until - math.ceil(took), until)


def translate(error: stripe.StripeError) -> BillingError:
    """The SDK's error in our words. Status decides; the class of a 402 does not (STRIPE.md 3.2)."""
    status, body = error.http_status, _error_body(error)
    code, message = (
        body.get("code"),
        body.get("message") or str(error.user_message or "Stripe gave no reason."),
    )
    if status == 402:
        return Declined(message, body)
    if body.get("type") == "idempotency_error" and code != "idempotency_key_in_use":
        return IdempotencyFault(message)
    if status in (400, 401, 403, 404):
        return StripeRejected(message, status, code, body.get("param"), error.request_id)
    # 409 (our own key is in use) and 429 come before Stripe does anything: certainly not done by this sending.
    replayed = (error.headers or {}).get("idempotent-replayed") == "true"
    return StripeUnavailable(retry_after_seconds=1, possibly_done=status not in (409, 429), replayed=replayed)


def _error_body(error: stripe.StripeError) -> JSONObject:
    body = error.json_body
    found = body.get("error") if isinstance(body, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def verify_signature(payload: bytes, header: str, secrets: list[str], now: float) -> bool:
    """Whether `header` signs `payload` with one of `secrets`, neither too old nor from the future.

    `construct_event` would do the first half too, at sixty times the cost; neither looks at the future.
    """
    if not header.isascii() or not any(_signed(payload, header, secret) for secret in secrets):
        return False
    stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
    return len(stamps) == 1 and stamps[0].isdigit() and abs(now - int(stamps[0])) <= SIGNATURE_TOLERANCE


def _signed(payload: bytes, header: str, secret: str) -> bool:
    try:
        # The age is judged by the caller's `now`, in `verify_signature`.
        stripe.WebhookSignature.verify_header(payload.decode(), header, secret, tolerance=None)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True
