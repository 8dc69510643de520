"""What the endpoint lets in from the street, and how often one event counts."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe
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


@pytest.fixture
def assent(database_url: str, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningAssent]:
    """Assent that Stripe itself delivers nothing to."""
    settings = {"STRIPE_WEBHOOK_SECRET": f"{NEW},{OLD}"}
    with RunningAssent(tmp_path, database_url, sandbox.base_url, **settings) as running:
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
