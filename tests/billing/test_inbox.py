"""What gets into the inbox, and what does not."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from sqlalchemy import text
from sqlmodel import select

from billing.database import Database
from billing.inbox import LARGEST_PAYLOAD, EventRefused, Inbox, NotStored, new_event, receive
from billing.signals import EVENTS, Signals
from billing.tables import EventSource, EventStatus, StripeEvent
from tests.billing import stripe_objects
from tests.billing.stripe_events import an_event

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
SECRET, OLD_SECRET = "whsec_new", "whsec_old"
SECOND = int(NOW.timestamp())


def body(**changes: Any) -> bytes:
    event = {**an_event("product.created", stripe_objects.product("prod_1"), SECOND), **changes}
    return json.dumps(event).encode()


def signed(payload: bytes, *, secret: str = SECRET, at: datetime = NOW) -> str:
    header = stripe.WebhookSignature.generate_signature_header
    return str(header(payload.decode("latin-1"), secret, timestamp=int(at.timestamp())))


async def deliver(inbox: Inbox, payload: bytes, signature: str | None = None) -> None:
    await receive(inbox, payload, signature or signed(payload), [SECRET, OLD_SECRET], livemode=False, now=NOW)


async def stored(database: Database) -> list[StripeEvent]:
    async with database.read() as session:
        return list((await session.exec(select(StripeEvent))).all())


async def test_a_delivery_is_stored_as_received_and_due_at_once(database: Database) -> None:
    signals, payload = Signals(), body()
    with signals.watching(EVENTS) as woken:
        await deliver(Inbox(database, signals), payload)
        assert woken.is_set()
    (event,) = await stored(database)
    assert event.payload.encode() == payload
    assert (event.type, event.object_stripe_id, event.status) == ("product.created", "prod_1", EventStatus.RECEIVED)
    assert (event.created_at, event.due_at, event.received_at) == (NOW, NOW, NOW)
    assert (event.source, event.attempts) == (EventSource.WEBHOOK, 0)


async def test_a_signature_of_an_older_secret_is_still_good(database: Database) -> None:
    payload = body()
    await deliver(Inbox(database, Signals()), payload, signed(payload, secret=OLD_SECRET))
    assert len(await stored(database)) == 1


REFUSED: dict[str, tuple[bytes, str | None]] = {
    "forged": (body(), signed(body(), secret="whsec_other")),
    "of another body": (body(), signed(body(type="product.updated"))),
    "stale": (body(), signed(body(), at=NOW - timedelta(seconds=301))),
    "from the future": (body(), signed(body(), at=NOW + timedelta(seconds=301))),
    "with a signature that is none": (body(), "t=,v1="),
    "with an undated signature": (body(), signed(body()).partition(",")[2]),
    "empty": (b"", None),
    "too large": (body(filler="x" * LARGEST_PAYLOAD), None),
    "not JSON": (b"product.created", None),
    "endless": (b"[" * 100_000, None),
    "a number of too many digits": (b"1" * 10_000, None),
    "no object": (b'["event"]', None),
    "no event": (body(object="v2.core.event"), None),
    "live": (body(livemode=True), None),
    "of no mode": (body(livemode=None), None),
    "without id": (body(id=None), None),
    "with an id that is no word": (body(id="evt_\u0000"), None),
    "without type": (body(type=""), None),
    "without created": (body(created=None), None),
    "of no time": (body(created=10**18), None),
    "without data": (body(data=None), None),
    "about nothing": (body(data={"object": {"object": "product"}}), None),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_is_refused_is_stored_nowhere(database: Database, why: str) -> None:
    payload, signature = REFUSED[why]
    with pytest.raises(EventRefused):
        await deliver(Inbox(database, Signals()), payload, signature)
    assert await stored(database) == []


async def test_an_unsigned_delivery_is_refused(database: Database) -> None:
    with pytest.raises(EventRefused, match="Stripe-Signature is missing"):
        await receive(Inbox(database, Signals()), body(), None, [SECRET], livemode=False, now=NOW)
    assert await stored(database) == []


async def test_a_body_that_is_not_utf8_is_refused(database: Database) -> None:
    payload = b'{"object": "event", "id": "\xff"}'
    with pytest.raises(EventRefused):
        await deliver(Inbox(database, Signals()), payload, signed(payload))
    assert await stored(database) == []


async def test_types_that_nobody_handles_are_stored_too_even_of_what_has_no_id(database: Database) -> None:
    await deliver(Inbox(database, Signals()), body(type="balance.available", data={"object": {"object": "balance"}}))
    (event,) = await stored(database)
    assert event.object_stripe_id == ""


async def test_the_same_event_fifty_times_at_once_is_one_row(database: Database) -> None:
    inbox, payload = Inbox(database, Signals()), body()
    await asyncio.gather(*(deliver(inbox, payload) for _ in range(50)))
    await deliver(inbox, payload)
    assert len(await stored(database)) == 1


async def test_deliveries_of_one_moment_share_commits_and_each_waits_for_its_own(database: Database) -> None:
    commits: list[int] = []
    database.on_commit.append(lambda: commits.append(1))
    inbox = Inbox(database, Signals())
    payloads = [body(id=f"evt_{index}") for index in range(100)]
    await asyncio.gather(*(deliver(inbox, payload) for payload in payloads))
    assert len(await stored(database)) == 100
    assert len(commits) < 10


async def test_a_repeated_delivery_waits_for_nobody_who_is_applying_the_event(postgres_database: Database) -> None:
    inbox = Inbox(postgres_database, Signals(notifies=True))
    await deliver(inbox, body(id="evt_1"))
    async with postgres_database.transaction() as session:
        await (await session.connection()).execute(text("UPDATE stripe_events SET attempts = 1"))
        async with asyncio.timeout(5):
            await asyncio.gather(deliver(inbox, body(id="evt_1")), deliver(inbox, body(id="evt_2")))
    assert {event.stripe_id for event in await stored(postgres_database)} == {"evt_1", "evt_2"}


async def test_a_database_that_fails_fails_the_delivery_and_the_next_one_is_stored(database: Database) -> None:
    inbox = Inbox(database, Signals())
    async with database.transaction() as session:
        await (await session.connection()).execute(text("ALTER TABLE stripe_events RENAME TO hidden"))
    failed = await asyncio.gather(
        *(deliver(inbox, body(id=f"evt_{index}")) for index in range(3)), return_exceptions=True
    )
    assert all(isinstance(each, Exception) for each in failed)
    async with database.transaction() as session:
        await (await session.connection()).execute(text("ALTER TABLE hidden RENAME TO stripe_events"))
    await deliver(inbox, body())
    assert len(await stored(database)) == 1


async def test_one_waiter_who_leaves_does_not_take_the_others_commit_away(database: Database) -> None:
    inbox = Inbox(database, Signals())
    leaving, staying = (asyncio.create_task(deliver(inbox, body(id=f"evt_{index}"))) for index in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert "evt_1" in {event.stripe_id for event in await stored(database)}


async def test_one_event_that_the_database_cannot_take_does_not_keep_the_others_out(database: Database) -> None:
    inbox = Inbox(database, Signals())
    bad, good = (
        new_event(json.loads(body(id=f"evt_{index}")), "{}", source=EventSource.WEBHOOK, now=NOW) for index in range(2)
    )
    failed, kept = await asyncio.gather(
        inbox.store(bad._replace(status="NONE")), inbox.store(good), return_exceptions=True
    )
    assert isinstance(failed, NotStored)
    assert kept is None
    assert [event.stripe_id for event in await stored(database)] == ["evt_1"]


async def test_more_than_may_wait_is_refused_at_once_and_taken_again_afterwards(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox(database, Signals())
    monkeypatch.setattr("billing.inbox.storing.MOST_WAITING", 10 * len(body(id="evt_10")))
    payloads = [body(id=f"evt_{index}") for index in range(10, 30)]
    answers = await asyncio.gather(*(deliver(inbox, payload) for payload in payloads), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None)] * 10 + [NotStored] * 10
    await asyncio.gather(*(deliver(inbox, payload) for payload in payloads[10:]))
    assert len(await stored(database)) == 20


async def test_nobody_waits_for_a_database_that_does_not_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, other = Inbox(database, Signals()), Database(database.url.render_as_string())
    async with other.transaction() as session:
        lock = {"sqlite": "SELECT 1", "postgresql": "LOCK TABLE stripe_events"}[database.dialect]
        await (await session.connection()).execute(text(lock))
        monkeypatch.setattr("billing.inbox.storing.PATIENCE", 0.2)
        first = asyncio.create_task(deliver(inbox, body(id="evt_1")))
        await asyncio.sleep(0.1)
        behind = asyncio.create_task(deliver(inbox, body(id="evt_2")))
        refused = await asyncio.gather(first, behind, return_exceptions=True)
    assert [type(each) for each in refused] == [NotStored, NotStored]
    monkeypatch.undo()
    await deliver(inbox, body(id="evt_3"))
    assert "evt_3" in {event.stripe_id for event in await stored(database)}
    await other.close()


async def test_processes_that_are_told_the_same_in_different_order_do_not_wait_for_each_other(
    database: Database,
) -> None:
    other = Database(database.url.render_as_string())
    payloads = [body(id=f"evt_{index}") for index in range(200)]
    for _ in range(5):
        await asyncio.gather(
            *(
                deliver(inbox, payload)
                for inbox, order in ((Inbox(database, Signals()), 1), (Inbox(other, Signals()), -1))
                for payload in payloads[::order]
            )
        )
        async with database.transaction() as session:
            await (await session.connection()).execute(text("DELETE FROM stripe_events"))
    await other.close()
