"""Events that fail, workers that die, and what is tried again."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from billing import catalogue, inbox
from billing.applier import apply_due, replay, run_applier
from billing.applier.applying import ATTEMPTS
from billing.applier.claiming import Overtaken, claim, finish
from billing.applier.leasing import LEASE, Holder
from billing.errors import NotFound
from billing.runtime import Runtime
from billing.tables import (
    Customer,
    EventSource,
    EventStatus,
    Product,
    StripeObject,
)
from tests.billing import journey, stripe_objects
from tests.billing.applying import a_product, a_product_at_stripe, events_of, name_of, put, soon, statuses
from tests.billing.conftest import MERCHANT
from tests.billing.stripe_events import an_event
from tests.running_sandbox import RunningSandbox, until


def broken(second: int = 100) -> dict[str, Any]:
    """Of a shape that no handler takes."""
    data = stripe_objects.product("prod_broken")
    del data["name"]
    return an_event("product.updated", data, second)


async def test_a_failing_event_backs_off_fails_visibly_and_can_be_replayed(runtime: Runtime) -> None:
    (event_id,) = await put(runtime, broken())
    now = soon(runtime)
    for attempt in range(1, ATTEMPTS + 1):
        (event,) = await events_of(runtime)
        assert (event.status, event.attempts) == (EventStatus.RECEIVED, attempt - 1)
        assert await apply_due(runtime, now=now) == 1
        assert await apply_due(runtime, now=now) == 0, "it waits longer each time"
        now += timedelta(hours=1)
    (event,) = await events_of(runtime)
    assert (event.status, event.attempts) == (EventStatus.FAILED, ATTEMPTS)
    assert event.error == "KeyError: 'name'"
    assert await apply_due(runtime, now=now) == 0

    async with runtime.database.transaction() as session:
        put_back = await replay(session, event_id, now=now)
        assert (put_back.status, put_back.source, put_back.attempts) == (EventStatus.RECEIVED, EventSource.REPLAY, 0)
        put_back.payload = put_back.payload.replace('"active"', '"name": "mended", "active"')
    assert await apply_due(runtime, now=now) == 1
    assert set((await statuses(runtime)).values()) == {EventStatus.APPLIED}
    assert await name_of(runtime, "prod_broken") == "mended"


async def test_an_event_that_was_applied_can_be_replayed_and_changes_nothing(runtime: Runtime) -> None:
    (event_id,) = await put(runtime, a_product(100, "one"))
    for _ in range(2):
        await apply_due(runtime, now=soon(runtime))
        assert set((await statuses(runtime)).values()) == {EventStatus.APPLIED}
        async with runtime.database.transaction() as session:
            await replay(session, event_id, now=runtime.clock())
    assert await name_of(runtime, "prod_1") == "one"


async def test_replaying_an_event_that_is_not_there_is_not_found(runtime: Runtime) -> None:
    for event_id in (uuid4(), None):
        with pytest.raises(NotFound):
            async with runtime.database.transaction() as session:
                await replay(session, event_id, now=runtime.clock())


async def test_one_broken_event_does_not_hold_up_the_others_of_its_object(runtime: Runtime) -> None:
    await put(runtime, broken(100), a_product(101, "fine", before="x", id="prod_broken"))
    await apply_due(runtime, now=soon(runtime))
    assert await name_of(runtime, "prod_broken") == "fine"
    assert list((await statuses(runtime)).values()) == [EventStatus.RECEIVED, EventStatus.APPLIED]


async def test_an_expired_lease_is_due_again_and_its_late_holder_is_fenced_off(runtime: Runtime) -> None:
    await put(runtime, a_product(100, "one"))
    now = runtime.clock()
    [held] = (await claim(runtime.database, Holder(), now, 10))[0].events
    assert await claim(runtime.database, Holder(), now + LEASE / 2, 10) == []
    [taken] = (await claim(runtime.database, Holder(), now + LEASE, 10))[0].events
    with pytest.raises(Overtaken):
        async with runtime.database.transaction() as session:
            await finish(session, held, status=EventStatus.APPLIED)
    async with runtime.database.transaction() as session:
        await finish(session, taken, status=EventStatus.APPLIED)


async def test_nobody_else_takes_an_event_of_an_object_that_a_worker_is_at(runtime: Runtime) -> None:
    now, worker, other = soon(runtime), Holder(), Holder()
    await put(runtime, a_product(100, "one"))
    assert len(await claim(runtime.database, worker, now, 10)) == 1
    await put(runtime, a_product(101, "two", before="one"), a_product(100, "free", id="prod_2"))
    assert [each.stripe_id for each in await claim(runtime.database, other, now, 10)] == ["prod_2"]
    assert await claim(runtime.database, worker, now, 10) == [], "nor does it itself, in another of its turns"
    worker.finish("prod_1")
    [again] = await claim(runtime.database, worker, now, 10)
    assert [event.attempts for event in again.events] == [2, 1], "what was not finished comes before what is new"


async def test_an_event_that_kills_its_workers_is_given_up(runtime: Runtime) -> None:
    await put(runtime, a_product(100, "deadly"))
    now = soon(runtime)
    for _ in range(ATTEMPTS):
        assert len(await claim(runtime.database, Holder(), now, 10)) == 1
        now += LEASE
    await apply_due(runtime, now=now)
    [event] = await events_of(runtime)
    assert event.status == EventStatus.FAILED


async def test_many_workers_apply_each_event_once(runtime: Runtime) -> None:
    events = [a_product(100 + step, f"at {step}", before="x", id=f"prod_{n}") for n in range(10) for step in range(5)]
    await put(runtime, *events)
    now = soon(runtime)
    applied = await asyncio.gather(*(apply_due(runtime, now=now) for _ in range(6)))
    assert sum(applied) == 50
    assert {await name_of(runtime, f"prod_{n}") for n in range(10)} == {"at 4"}
    assert "RECEIVED" not in set((await statuses(runtime)).values())
    assert {event.attempts for event in await events_of(runtime)} == {1}


async def test_objects_whose_answer_could_not_be_put_in_order_are_read_again(runtime: Runtime) -> None:
    made = await catalogue.create_product(
        runtime, MERCHANT, name="truth", description=None, idempotency_key=journey.unique("product")
    )
    async with runtime.database.transaction() as session:
        product = await session.get_one(Product, made)
        product.name = "doubtful"
        stored = await session.get_one(StripeObject, product.stripe_id)
        stored.refresh_at, stored.known_from, stored.known_until = runtime.clock(), 100, 100
    assert await apply_due(runtime, now=soon(runtime)) == 1
    assert await name_of(runtime, product.stripe_id) == "truth"
    assert await apply_due(runtime, now=soon(runtime)) == 0


async def test_stripe_being_away_is_a_failure_of_the_event_with_another_try(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    product = await a_product_at_stripe(runtime)
    await put(runtime, an_event("price.created", stripe_objects.price("price_1", product["id"]), 100))
    sandbox.stop()
    try:
        await apply_due(runtime, now=soon(runtime))
        (event,) = await events_of(runtime)
        assert event.status == EventStatus.RECEIVED
        assert str(event.error).startswith("StripeUnavailable")
    finally:
        sandbox.start()
    await apply_due(runtime, now=soon(runtime) + timedelta(minutes=1))
    assert set((await statuses(runtime)).values()) == {EventStatus.APPLIED}


async def test_the_body_of_an_event_of_a_redacted_customer_keeps_nothing_personal(runtime: Runtime) -> None:
    customer_id = await journey.a_customer(runtime)
    async with runtime.database.transaction() as session:
        customer = await session.get_one(Customer, customer_id)
        customer.redacted_at, customer.email = runtime.clock(), None
    method = stripe_objects.payment_method("pm_1", customer.stripe_id)
    await put(runtime, an_event("payment_method.attached", method, 100))
    await apply_due(runtime, now=soon(runtime))
    (event,) = await events_of(runtime)
    assert event.status == EventStatus.APPLIED
    assert "ada@example.com" not in event.payload
    assert "4242" in event.payload


async def test_the_applier_wakes_up_for_what_is_stored_and_stops_when_asked(runtime: Runtime) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run_applier(runtime, stop))
    stored = inbox.Inbox(runtime.database, runtime.signals)
    event = a_product(100, "woken")
    await stored.store(inbox.new_event(event, json.dumps(event), source=EventSource.WEBHOOK, now=runtime.clock()))
    for _ in until(10):
        if set((await statuses(runtime)).values()) == {EventStatus.APPLIED}:
            break
    stop.set()
    async with asyncio.timeout(10):
        await running
    assert await name_of(runtime, "prod_1") == "woken"
