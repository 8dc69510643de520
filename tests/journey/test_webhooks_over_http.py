"""What the endpoint lets in from the street, and how often one event counts."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe
from sqlalchemy import text
from sqlmodel import select

from billing.database import Database
from billing.inbox import LARGEST_PAYLOAD
from billing.tables import EventStatus, Product, StripeEvent, StripeObject
from tests.running_assent import RunningAssent, eventually
from tests.running_sandbox import RunningSandbox

NEW, OLD = "whsec_of_today", "whsec_of_yesterday"
FIVE_MINUTES = 300
AT_ONCE = 50

FIND = "query P($id: String!) { byStripeId(stripeId: $id) { ... on Product { name } } }"


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A Stripe at which nothing happens: the sweep finds no event there, so what is stored came by the door."""
    with RunningSandbox(tmp_path_factory.mktemp("silent")) as running:
        yield running


@pytest.fixture
def assent(database_url: str, silent: RunningSandbox, tmp_path: Path) -> Iterator[RunningAssent]:
    """Assent that Stripe itself delivers nothing to."""
    settings = {"STRIPE_WEBHOOK_SECRET": f"{NEW},{OLD}"}
    with RunningAssent(tmp_path, database_url, silent.base_url, **settings) as running:
        yield running


@pytest.fixture
def event(sandbox: RunningSandbox) -> dict[str, Any]:
    """That a product was made in the Dashboard."""
    client = sandbox.client()
    product = client.v1.products.create({"name": "Tea Club"})
    events = client.v1.events.list({"type": "product.created"}).data
    [found] = [each for each in events if each.data.object["id"] == product.id]
    return dict(found.to_dict(for_json=True))


def body_of(event: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({**event, **changes}).encode()


def signed(body: bytes, *, secret: str = NEW, age: int = 0) -> str:
    at = int(time.time()) - age
    return str(stripe.WebhookSignature.generate_signature_header(body.decode("latin-1"), secret, timestamp=at))


async def known(database: Database) -> tuple[list[StripeEvent], list[StripeObject], list[Product]]:
    async with database.read() as session:
        return (
            list((await session.exec(select(StripeEvent))).all()),
            list((await session.exec(select(StripeObject))).all()),
            list((await session.exec(select(Product))).all()),
        )


def endlessly(body: bytes) -> Iterator[bytes]:
    """Without a Content-Length."""
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


def test_what_is_not_a_fresh_event_signed_for_us_is_refused_and_stored_nowhere(
    assent: RunningAssent, event: dict[str, Any]
) -> None:
    good, live, other = body_of(event), body_of(event, livemode=True), body_of(event, id="evt_forged")
    large = body_of(event, filler="x" * LARGEST_PAYLOAD)
    deliveries: dict[str, tuple[bytes | Iterator[bytes], str | None]] = {
        "unsigned": (good, None),
        "signed with nothing": (good, ""),
        "forged": (good, signed(good, secret="whsec_of_somebody")),
        "signed for another body": (other, signed(good)),
        "stale": (good, signed(good, age=FIVE_MINUTES + 1)),
        "of the future": (good, signed(good, age=-FIVE_MINUTES - 20)),
        "empty": (b"", signed(b"")),
        "too large": (large, signed(large)),
        "too large, of unknown length": (endlessly(large), signed(large)),
        "no JSON": (b"product.created", signed(b"product.created")),
        "no UTF-8": (b"\xff\xfe", signed(b"\xff\xfe")),
        "no event": (b'{"object": "product"}', signed(b'{"object": "product"}')),
        "of live mode": (live, signed(live)),
    }
    answers = {name: assent.deliver(*delivery).status_code for name, delivery in deliveries.items()}
    assert answers == dict.fromkeys(deliveries, 400)
    assert assent.within(known) == ([], [], [])


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_each_of_two_secrets_opens_the_door(assent: RunningAssent, event: dict[str, Any], secret: str) -> None:
    body = body_of(event)
    assert assent.deliver(body, signed(body, secret=secret, age=FIVE_MINUTES - 60)).status_code == 200
    assert eventually(lambda: assent.graphql(FIND, {"id": event["data"]["object"]["id"]})["byStripeId"])


def test_the_same_event_fifty_times_at_once_is_one_row_and_one_effect(
    assent: RunningAssent, event: dict[str, Any]
) -> None:
    body = body_of(event)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda _: assent.deliver(body, signed(body)).status_code, range(AT_ONCE)))
    assert answers == [200] * AT_ONCE
    stripe_id = event["data"]["object"]["id"]
    found = eventually(lambda: assent.graphql(FIND, {"id": stripe_id})["byStripeId"])
    assert found == {"name": "Tea Club"}
    assert assent.deliver(body, signed(body)).status_code == 200, "a late repetition is a success too"
    [stored], objects, products = assent.within(known)
    assert (stored.stripe_id, stored.status, stored.attempts) == (event["id"], EventStatus.APPLIED, 1)
    assert [each.stripe_id for each in objects] == [stripe_id]
    assert [each.stripe_id for each in products] == [stripe_id]


async def ids(database: Database) -> list[str]:
    """Of the events of these tests; what the sweep finds at Stripe by itself is named by Stripe, and longer."""
    return [each.stripe_id for each in (await known(database))[0] if len(each.stripe_id) < 10]


async def go_away(database: Database) -> None:
    """For a second: on SQLite somebody else holds the lock, on PostgreSQL every connection breaks."""
    if database.dialect == "sqlite":
        async with database.transaction() as session:
            await session.exec(select(1))
            await asyncio.sleep(1)
        return
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    for _ in range(10):
        async with database.transaction() as session:
            await (await session.connection()).execute(text(f"{others} AND pid <> pg_backend_pid()"))
        await asyncio.sleep(0.1)


def leave(assent: RunningAssent, body: bytes, *, after: int) -> None:
    """Delivers so many bytes of a request, and does not wait for an answer."""
    head = f"POST /webhooks/stripe HTTP/1.1\r\nHost: a\r\nStripe-Signature: {signed(body)}\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    with socket.create_connection(("127.0.0.1", assent.port)) as connection:
        connection.sendall(request[:after])


def test_what_is_answered_with_200_is_kept_once_whoever_leaves_and_whatever_breaks(
    assent: RunningAssent, event: dict[str, Any]
) -> None:
    bodies = {f"evt_{index}": body_of(event, id=f"evt_{index}") for index in range(60)}

    def deliver(turn: int) -> tuple[str, int]:
        name = f"evt_{turn % len(bodies)}"
        if turn % 7 == 0:
            leave(assent, bodies[name], after=len(bodies[name]) if turn % 2 else 1_000_000)
            return name, 0
        return name, assent.deliver(bodies[name], signed(bodies[name])).status_code

    with ThreadPoolExecutor(16) as threads:
        away = threads.submit(assent.within, go_away)
        answers = list(threads.map(deliver, range(4 * len(bodies))))
        away.result()
    assert {status for _, status in answers} <= {0, 200, 503}
    kept = assent.within(ids)
    assert len(kept) == len(set(kept))
    assert {name for name, status in answers if status == 200} <= set(kept)
    assert {assent.deliver(body, signed(body)).status_code for body in bodies.values()} == {200}
    assert sorted(assent.within(ids)) == sorted(bodies)


def test_who_leaves_after_the_last_byte_has_delivered(assent: RunningAssent, event: dict[str, Any]) -> None:
    leave(assent, body_of(event, id="evt_half"), after=300)
    leave(assent, body_of(event, id="evt_1"), after=1_000_000)
    assert eventually(lambda: assent.within(ids)) == ["evt_1"]
    assert "Traceback" not in assent.log
