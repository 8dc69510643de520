"""Where Stripe delivers: what is not surely Stripe's, of now, and of this account's mode is refused."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlmodel import select

from billing.database import Database
from billing.inbox import LARGEST_PAYLOAD
from billing.tables import StripeEvent
from tests.api.conftest import OLD_SECRET, SECRET
from tests.factories import NOW

SECOND = int(NOW.timestamp())


def event(**changes: Any) -> bytes:
    whole = {
        "id": "evt_1",
        "object": "event",
        "type": "customer.updated",
        "created": SECOND,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "cus_1", "object": "customer"}},
    }
    return json.dumps({**whole, **changes}).encode()


def signature(body: bytes, secret: str = SECRET, at: int = SECOND) -> str:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


async def deliver(http: httpx.AsyncClient, body: bytes, signed: str | None = None) -> int:
    headers = {b"Stripe-Signature": (signature(body) if signed is None else signed).encode("latin-1")}
    return (await http.post("/webhooks/stripe", content=body, headers=headers)).status_code


async def stored(database: Database) -> list[StripeEvent]:
    async with database.read() as session:
        return list((await session.exec(select(StripeEvent))).all())


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
async def test_a_signed_event_is_stored(http: httpx.AsyncClient, database: Database, secret: str) -> None:
    body = event()
    assert await deliver(http, body, signature(body, secret)) == 200
    [kept] = await stored(database)
    assert (kept.stripe_id, kept.payload) == ("evt_1", body.decode())


async def test_the_same_event_fifty_times_at_once_is_one_row(http: httpx.AsyncClient, database: Database) -> None:
    answers = await asyncio.gather(*(deliver(http, event()) for _ in range(50)))
    assert set(answers) == {200}
    assert len(await stored(database)) == 1


REFUSED = {
    "forged": (event(), signature(event(), "whsec_of_another")),
    "changed after signing": (event(id="evt_2"), signature(event())),
    "without a signature": (event(), ""),
    "nonsense for a signature": (event(), "t=now,v1=x"),
    "a signature in other letters": (event(), "t=1,v1=\xe9"),
    "another digit in a signature": (event(), "t=\xb2,v1=x"),
    "stale": (event(), signature(event(), at=SECOND - 301)),
    "from the future": (event(), signature(event(), at=SECOND + 301)),
    "empty": (b"", signature(b"")),
    "not JSON": (b"{", signature(b"{")),
    "not UTF-8": (b"\xff\xfe", signature(b"\xff\xfe")),
    "not an event": (b"[]", signature(b"[]")),
    "of live mode": (event(livemode=True), signature(event(livemode=True))),
    "of no mode": (event(livemode=None), signature(event(livemode=None))),
    "too large": (b" " * (LARGEST_PAYLOAD + 1), signature(b" " * (LARGEST_PAYLOAD + 1))),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_refused_is_400_and_kept_nowhere(http: httpx.AsyncClient, database: Database, what: str) -> None:
    assert await deliver(http, *REFUSED[what]) == 400
    assert await stored(database) == []


async def test_an_endless_body_is_not_read_to_its_end(http: httpx.AsyncClient, database: Database) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 64 * 1024
            yield b" " * (64 * 1024)

    answer = await http.post("/webhooks/stripe", content=endless(), headers={"Stripe-Signature": "t=1,v1=x"})
    assert answer.status_code == 400
    assert read <= LARGEST_PAYLOAD + 2 * 64 * 1024


async def test_what_the_database_does_not_take_is_to_be_delivered_again(
    http: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr("billing.inbox.storing.MOST_WAITING", 10)
        answer = await http.post("/webhooks/stripe", content=event(), headers={"Stripe-Signature": signature(event())})
    assert (answer.status_code, int(answer.headers["Retry-After"])) == (503, 10)
    assert await stored(database) == []
    assert await deliver(http, event()) == 200


async def test_only_deliveries_are_taken(http: httpx.AsyncClient) -> None:
    assert (await http.get("/webhooks/stripe")).status_code == 405
