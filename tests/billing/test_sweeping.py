"""The sweep over Stripe's list of events: whatever was not delivered is found, and nothing twice."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from billing import installation
from billing.mirror import SUBSCRIBED_EVENTS
from billing.recovery import sweep_events, sweeping
from billing.tables import EventSource, EventStatus, StripeEvent
from tests.billing.life import Life
from tests.billing.ready import every, ready
from tests.billing.recovering import Watched, apply_all, begin, sweep_again, walk_of, watch
from tests.comparing import differences

SOON = timedelta(seconds=30)


@pytest.fixture
def watched(life: Life) -> Watched:
    return watch(life)


async def sources(life: Life) -> Counter[str]:
    return Counter(each.source for each in await every(life.runtime, StripeEvent))


async def test_what_was_never_delivered_is_stored_and_applied(life: Life) -> None:
    await begin(life)
    it = await ready(life.runtime, life.sandbox)
    await it.subscribe()
    delivered = await life.new_events()
    await life.store(delivered[::2])

    found = await sweep_again(life)

    assert found == len(delivered) - len(delivered[::2])
    assert await sources(life) == {EventSource.WEBHOOK: len(delivered[::2]), EventSource.SWEEP: found}
    await apply_all(life)
    assert {each.status for each in await every(life.runtime, StripeEvent)} <= {
        EventStatus.APPLIED,
        EventStatus.SKIPPED,
    }
    assert await differences(life.runtime) == []


async def test_only_subscribed_types_are_stored_and_a_second_sweep_finds_nothing(life: Life) -> None:
    await begin(life)
    it = await ready(life.runtime, life.sandbox)
    await it.subscribe()

    assert await sweep_again(life) > 0
    assert await sweep_again(life) == 0

    stored = await every(life.runtime, StripeEvent)
    assert {each.type for each in stored} <= SUBSCRIBED_EVENTS
    assert "charge.succeeded" in {each["type"] for each in await life.runtime.gateway.list_all("/v1/events")}
    assert [json.loads(each.payload)["id"] for each in stored] == [each.stripe_id for each in stored]


async def test_a_new_installation_does_not_fetch_what_was_before_it(life: Life) -> None:
    life.sandbox.client().v1.products.create({"name": "From before"})
    life.sandbox.advance(days=2)
    await begin(life)
    life.sandbox.client().v1.products.create({"name": "New"})

    assert await sweep_again(life) == 1
    assert await every(life.runtime, StripeEvent) != []


async def test_an_older_installation_without_a_sweep_looks_back_to_its_beginning(life: Life) -> None:
    async with life.runtime.database.transaction() as session:
        await installation.claim(session, "acct_test", life.runtime.clock(), livemode=False)
    life.sandbox.client().v1.products.create({"name": "Missed"})
    life.sandbox.advance(days=20)

    assert await sweep_events(life.runtime) == 1


async def test_after_a_long_time_off_it_looks_back_thirty_days_and_no_further(life: Life, watched: Watched) -> None:
    await begin(life)
    life.sandbox.client().v1.products.create({"name": "Too old"})
    life.sandbox.advance(days=25)
    life.sandbox.client().v1.products.create({"name": "In time"})
    life.sandbox.advance(days=10)
    now = life.runtime.clock()

    assert await sweep_events(life.runtime) == 1
    reach = now - timedelta(days=30)
    assert abs(watched.pages()[-1]["created"]["gte"] - reach.timestamp()) < 60


async def test_it_begins_an_hour_before_the_end_of_the_last_one(life: Life, watched: Watched) -> None:
    await begin(life)
    life.sandbox.advance(days=3)
    await sweep_events(life.runtime)
    until = (await walk_of(life)).place["until"]
    await sweep_again(life)

    assert watched.pages()[-1]["created"]["gte"] == until - 3600
    assert abs(until - life.runtime.clock().timestamp()) < 3600


async def test_events_that_appear_between_two_pages_are_neither_skipped_nor_lost(
    life: Life, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PAGE", 3)
    await begin(life)
    client = life.sandbox.client()
    made = [client.v1.products.create({"name": f"Plan {number}"}).id for number in range(10)]

    def more(params: dict[str, Any]) -> None:
        if "starting_after" in params and len(made) < 13:
            made.append(client.v1.products.create({"name": "Meanwhile"}).id)

    watched.before = more
    assert await sweep_again(life) == 10
    watched.before = lambda params: None
    assert await sweep_again(life) == 3
    assert {each.object_stripe_id for each in await every(life.runtime, StripeEvent)} == set(made)
