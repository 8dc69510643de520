"""The sweep over Stripe's list of events, in trouble: broken off, begun twice, limited, told in another version."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx
from sqlmodel import select

from billing import inbox
from billing.errors import StripeUnavailable
from billing.recovery import frugal, sweep_events, sweeping, walks
from billing.runtime import Runtime
from billing.tables import EventSource, EventStatus, StripeEvent, Walk
from tests.billing.life import Life
from tests.billing.ready import every
from tests.billing.recovering import Killed, Watched, apply_all, begin, sweep_again, walk_of, watch
from tests.billing.renewing import holds, subscribed, to_the_draft
from tests.comparing import differences

SOON = timedelta(seconds=30)


@pytest.fixture
def watched(life: Life) -> Watched:
    return watch(life)


async def test_a_sweep_that_breaks_off_goes_on_where_it_was(
    life: Life, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PAGE", 3)
    await begin(life)
    client = life.sandbox.client()
    for number in range(9):
        client.v1.products.create({"name": f"Plan {number}"})
    asked = len(watched.pages())

    def die(params: dict[str, Any]) -> None:
        if len(watched.pages()) == asked + 3:
            raise Killed

    watched.before = die
    with pytest.raises(Killed):
        await sweep_again(life)
    assert len(await every(life.runtime, StripeEvent)) == 6
    seen = (await walk_of(life)).place["after"]
    client.v1.products.create({"name": "Meanwhile"})

    assert await sweep_again(life) == 3
    assert watched.pages()[asked + 3]["starting_after"] == seen
    assert await sweep_again(life) == 1


async def test_a_sweep_whose_place_stripe_no_longer_knows_begins_anew(
    life: Life, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PAGE", 3)
    await begin(life)
    for number in range(5):
        life.sandbox.client().v1.products.create({"name": f"Plan {number}"})
    walk = await walk_of(life)
    place = {**walk.place, "top": walk.place["until"], "bottom": walk.place["until"], "after": "evt_gone"}
    async with life.runtime.database.transaction() as session:
        await walks.save(session, walk, walk.due_at, place=place)

    assert await sweep_again(life) == 5


async def test_of_many_processes_one_sweeps_at_a_time(life: Life, watched: Watched) -> None:
    await begin(life)
    life.sandbox.client().v1.products.create({"name": "Plan"})
    life.sandbox.advance(seconds=life.runtime.sweep_every.total_seconds() + 1)
    asked = len(watched.pages())

    found = await asyncio.gather(*(sweep_events(life.runtime) for _ in range(4)))

    assert sorted(found) == [0, 0, 0, 1]
    assert len(watched.pages()) == asked + 1
    assert await sweep_events(life.runtime) == 0, "it is not due yet"
    assert len(watched.pages()) == asked + 1


async def test_who_follows_a_killed_sweep_takes_its_place_and_the_late_one_writes_nothing(life: Life) -> None:
    await begin(life)
    life.sandbox.advance(seconds=life.runtime.sweep_every.total_seconds() + 1)
    async with life.runtime.database.transaction() as session:
        killed = await walks.take(session, sweeping.EVENTS, life.runtime.clock())
    assert killed is not None
    life.sandbox.client().v1.products.create({"name": "Plan"})
    assert await sweep_events(life.runtime) == 0, "its lease still stands"
    life.sandbox.advance(seconds=walks.LEASE.total_seconds() + 1)

    assert await sweep_events(life.runtime) == 1
    with pytest.raises(walks.Overtaken):
        async with life.runtime.database.transaction() as session:
            await walks.save(session, killed, life.runtime.clock(), place={})


async def test_an_event_of_another_version_is_only_a_hint(life: Life) -> None:
    """Stripe's list shows each event as it was made, with the version of then."""
    await begin(life)
    product = life.sandbox.client().v1.products.create({"name": "New name"})
    [event] = await life.new_events()
    event["api_version"], event["data"]["object"]["name"] = "2024-04-10", "Of another shape"
    now = life.runtime.clock()
    async with life.runtime.database.transaction() as session:
        await inbox.insert(
            await session.connection(), [inbox.new_event(event, json.dumps(event), source=EventSource.SWEEP, now=now)]
        )
    await apply_all(life)

    assert await differences(life.runtime) == []
    [stored] = await every(life.runtime, StripeEvent)
    assert (stored.status, stored.object_stripe_id) == (EventStatus.APPLIED, product.id)


async def test_a_draft_whose_event_only_the_sweep_brings_is_held_like_any_other(life: Life) -> None:
    await begin(life)
    it = await subscribed(life)
    items = life.sandbox.client().v1.invoice_items
    owner = (await it.at_stripe("subscriptions"))[0]["customer"]
    items.create({"customer": owner, "amount": 5000, "currency": "usd"})
    draft = await to_the_draft_without_deliveries(life)

    await sweep_again(life)
    await apply_all(life)

    assert [each.reason for each in await holds(life.runtime)] == ["CONSENT_SCOPE_EXCEEDED"]
    assert (await life.runtime.gateway.get(f"/v1/invoices/{draft}")).data["auto_advance"] is False


async def to_the_draft_without_deliveries(life: Life) -> str:
    store = life.store
    life.store = _nothing  # type: ignore[method-assign]
    draft = await to_the_draft(life)
    life.store = store  # type: ignore[method-assign]
    return str(draft["id"])


async def _nothing(events: list[dict[str, Any]]) -> None:
    return None


async def test_a_rate_limit_is_waited_for_and_the_place_is_kept(
    life: Life, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PAGE", 3)
    monkeypatch.setattr(frugal, "FIRST_WAIT", 0.01)
    await begin(life)
    for number in range(8):
        life.sandbox.client().v1.products.create({"name": f"Plan {number}"})
    life.sandbox.control("weather/requests", what="rate_limit", path="/v1/events", rate=0.6, seed=3, times=8)

    assert await sweep_again(life) == 8
    pages = watched.pages()
    assert len(pages) > len({each.get("starting_after") for each in pages})


@respx.mock(assert_all_called=False)
async def test_a_stripe_that_stays_away_is_given_up_and_tried_again_later(
    runtime: Runtime, respx_mock: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frugal, "FIRST_WAIT", 0.0001)
    respx_mock.get(url__regex=".*/v1/events.*").mock(return_value=httpx.Response(429, json={"error": {"type": "x"}}))
    with pytest.raises(StripeUnavailable):
        await sweep_events(runtime)
    assert respx_mock.calls.call_count == frugal.TRIES
    async with runtime.database.read() as session:
        walk = (await session.exec(select(Walk))).one()
    assert walk.due_at > runtime.clock()
