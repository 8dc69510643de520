"""From stored events to rows: claims, failures, waiting, and reading where nothing else helps."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import SQLModel, col, delete, select, update

from billing import catalogue, inbox, subscriptions
from billing.applier import apply_due, replay, run_applier
from billing.applier.applying import ATTEMPTS
from billing.applier.claiming import LEASE, Overtaken, claim_events, finish
from billing.errors import NotFound
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.subscriptions import Item, NewSubscription
from billing.tables import (
    Customer,
    EventSource,
    EventStatus,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Mandate,
    Payment,
    PaymentMethod,
    Price,
    Product,
    SetupIntent,
    SetupSession,
    StripeEvent,
    StripeObject,
    Subscription,
    SubscriptionItem,
)
from tests.billing import journey, stripe_objects
from tests.billing.conftest import MERCHANT
from tests.billing.stripe_events import an_event, events_about, snapshot, store
from tests.running_sandbox import RunningSandbox, until

LATER = timedelta(seconds=30)

# What a journey makes, those that refer to others first.
FORGOTTEN: list[type[SQLModel]] = [
    SetupIntent,
    SetupSession,
    PaymentMethod,
    Mandate,
    InvoicePayment,
    InvoiceLine,
    Invoice,
    Payment,
    SubscriptionItem,
    Subscription,
    StripeObject,
    StripeEvent,
]


def soon(runtime: Runtime) -> datetime:
    """When every second of now is over, by any clock."""
    return runtime.clock() + LATER


async def put(runtime: Runtime, *events: dict[str, Any]) -> list[UUID]:
    async with runtime.database.transaction() as session:
        return [row.id for row in await store(session, events, runtime.clock())]


async def statuses(runtime: Runtime) -> dict[str, str]:
    return {event.stripe_id: event.status for event in await events_of(runtime)}


async def events_of(runtime: Runtime) -> Sequence[StripeEvent]:
    async with runtime.database.read() as session:
        return (await session.exec(select(StripeEvent).order_by(col(StripeEvent.id)))).all()


async def a_product_at_stripe(runtime: Runtime, name: str = "Plan") -> dict[str, Any]:
    made = await runtime.gateway.send(Request("post", "/v1/products", {"name": name}))
    return made.data


async def name_of(runtime: Runtime, stripe_id: str) -> str:
    async with runtime.database.read() as session:
        return (await session.exec(select(Product.name).where(Product.stripe_id == stripe_id))).one()


def a_product(second: int, name: str, *, before: str | None = None, id: str = "prod_1") -> dict[str, Any]:
    type = "product.updated" if before else "product.created"
    previous = {"name": before} if before else None
    return an_event(type, stripe_objects.product(id, name=name), second, previous=previous)


async def test_events_of_one_object_are_applied_together_and_marked(runtime: Runtime) -> None:
    await put(runtime, a_product(102, "two", before="one"), a_product(101, "one", before="zero"))
    assert await apply_due(runtime, now=soon(runtime)) == 2
    assert await name_of(runtime, "prod_1") == "two"
    assert set((await statuses(runtime)).values()) == {EventStatus.APPLIED}
    assert await apply_due(runtime, now=soon(runtime)) == 0


async def test_a_late_event_is_skipped_and_says_why(runtime: Runtime) -> None:
    await put(runtime, a_product(102, "two", before="one"))
    await apply_due(runtime, now=soon(runtime))
    await put(runtime, a_product(101, "one", before="zero"))
    await apply_due(runtime, now=soon(runtime))
    assert await name_of(runtime, "prod_1") == "two"
    late = (await events_of(runtime))[-1]
    assert (late.status, late.error) == (EventStatus.SKIPPED, "older than what is known")


async def test_what_nobody_handles_is_skipped_and_kept(runtime: Runtime) -> None:
    await put(runtime, an_event("charge.succeeded", {"id": "ch_1", "object": "charge"}, 100))
    await apply_due(runtime, now=soon(runtime))
    (event,) = await events_of(runtime)
    assert (event.status, event.error) == (EventStatus.SKIPPED, "nothing here handles charge objects")


async def test_any_order_of_a_journeys_deliveries_ends_in_the_same_rows(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    """One by one and with duplicates, through the inbox and the applier, after a first try that failed at Amazon."""
    customer_id = await journey.a_customer(runtime)
    consent = await journey.a_consent(runtime, customer_id)
    opened = await journey.an_open_session(runtime, customer_id, consent.id)
    sandbox.fail_amazon_pay(opened.stripe_id)
    sandbox.authorize_amazon_pay(opened.stripe_id)
    done = (await runtime.gateway.get(f"/v1/checkout/sessions/{opened.stripe_id}")).data
    intent = (await runtime.gateway.get(f"/v1/setup_intents/{done['setup_intent']}")).data
    events = await events_about(runtime.gateway, done["id"], intent["id"], intent["payment_method"])
    assert len(events) == 7
    expected = await rows_after(runtime, events)
    assert expected["SetupIntent"][0]["status"] == "succeeded"
    assert expected["SetupIntent"][0]["failure_code"] is None
    assert expected["SetupSession"][0]["status"] == "complete"
    assert len(expected["PaymentMethod"]) == 1
    chance = Random(11)  # noqa: S311 - for the same orders every time
    for _ in range(20):
        order = [*events, *chance.sample(events, 2)]
        chance.shuffle(order)
        assert await rows_after(runtime, order) == expected, [event["type"] for event in order]


async def test_any_order_of_a_subscriptions_deliveries_makes_what_the_answers_made(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    """From the saved card to the first payment; and not one of them has to be read at Stripe."""
    customer_id = await journey.a_customer(runtime)
    consent = await journey.a_consent(runtime, customer_id)
    price = await journey.a_price(runtime)
    method = await journey.a_saved_method(runtime, sandbox, customer_id, consent.id, card="4242424242424242")
    wanted = NewSubscription(customer_id, [Item(price.id, 1)], method.id)
    made = await subscriptions.create(runtime, MERCHANT, wanted, idempotency_key=journey.unique("subscription"))
    assert made.error is None
    async with runtime.database.read() as session:
        expected = without_objects(await snapshot(session))
        known = (await session.exec(select(StripeObject.stripe_id))).all()
    assert (expected["Subscription"][0]["status"], expected["Invoice"][0]["status"]) == ("active", "paid")
    events = await events_about(runtime.gateway, *known)
    assert len(events) >= 15
    chance = Random(13)  # noqa: S311 - for the same orders every time
    for _ in range(8):
        assert without_objects(await rows_after(runtime, events)) == expected, [event["type"] for event in events]
        assert {event.attempts for event in await events_of(runtime)} == {1}, "none had to wait"
        chance.shuffle(events)


def without_objects(rows: dict[str, Any]) -> dict[str, Any]:
    """Without Stripe's own JSON: an event is told before fields that nobody here looks at have changed again."""
    return {table: found for table, found in rows.items() if table != "StripeObject"}


async def rows_after(runtime: Runtime, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What these deliveries leave, each applied before the next one comes."""
    async with runtime.database.transaction() as session:
        for table in FORGOTTEN:
            await session.exec(delete(table))
    for event in events:
        await put(runtime, event)
        await apply_due(runtime, now=runtime.clock())
    await apply_due(runtime, now=soon(runtime))
    async with runtime.database.read() as session:
        assert (await session.exec(select(StripeEvent).where(StripeEvent.status == "RECEIVED"))).all() == []
        return await snapshot(session, but={"known_from", "known_until"})


async def test_events_that_cannot_be_put_in_order_wait_and_are_settled_by_one_read(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    product = await a_product_at_stripe(runtime, "truth")
    events = [
        an_event("product.updated", {**product, "name": name}, product["created"], previous={"name": before})
        for before, name in (("a", "b"), ("c", "d"), ("e", "f"))
    ]
    await put(runtime, *events)
    during = datetime.fromtimestamp(product["created"], UTC)
    async with runtime.database.transaction() as session:
        await session.exec(update(StripeEvent).values(due_at=during))
    await apply_due(runtime, now=during)
    assert sorted((await statuses(runtime)).values()) == ["APPLIED", "RECEIVED", "RECEIVED"]
    for _ in until(10):
        await apply_due(runtime, now=soon(runtime))
        if set((await statuses(runtime)).values()) == {EventStatus.APPLIED}:
            break
    assert await name_of(runtime, product["id"]) == "truth"
    reads = [event for event in await events_of(runtime) if event.error]
    assert reads == []


async def test_a_second_that_is_not_over_by_stripes_own_clock_is_waited_for(runtime: Runtime) -> None:
    product = await a_product_at_stripe(runtime, "truth")
    ahead = product["created"] + 60
    events = [
        an_event("product.updated", {**product, "name": name}, ahead, previous={"name": before})
        for before, name in (("a", "b"), ("c", "d"))
    ]
    await put(runtime, *events)
    now = datetime.fromtimestamp(ahead, UTC) + LATER
    await apply_due(runtime, now=now)
    assert await name_of(runtime, product["id"]) == "b"
    waiting = (await events_of(runtime))[1]
    assert (waiting.status, waiting.error) == (EventStatus.RECEIVED, "waits for its second to be over")
    assert waiting.due_at > now


async def test_an_event_in_another_version_only_makes_us_look(runtime: Runtime) -> None:
    product = await a_product_at_stripe(runtime, "truth")
    hint = an_event("product.updated", {**product, "name": "old shape"}, 100, api_version="2020-08-27")
    await put(runtime, hint)
    await apply_due(runtime, now=soon(runtime))
    assert await name_of(runtime, product["id"]) == "truth"
    assert set((await statuses(runtime)).values()) == {EventStatus.APPLIED}


async def test_a_hint_about_what_stripe_no_longer_has_deletes_it_here(runtime: Runtime) -> None:
    await put(runtime, a_product(100, "gone", id="prod_gone"))
    await apply_due(runtime, now=soon(runtime))
    gone = an_event("product.deleted", stripe_objects.product("prod_gone"), 101, api_version="2020-08-27")
    await put(runtime, gone)
    await apply_due(runtime, now=soon(runtime))
    async with runtime.database.read() as session:
        assert (await session.exec(select(Product.deleted_at))).one() is not None


async def test_an_unknown_parent_is_read_and_learned_first(runtime: Runtime) -> None:
    product = await a_product_at_stripe(runtime, "parent")
    await put(runtime, an_event("price.created", stripe_objects.price("price_1", product["id"]), 100))
    await apply_due(runtime, now=soon(runtime))
    async with runtime.database.read() as session:
        assert (await session.exec(select(Price.stripe_id))).all() == ["price_1"]
    assert await name_of(runtime, product["id"]) == "parent"


async def test_an_object_of_a_stranger_is_skipped_once_a_read_has_shown_it(runtime: Runtime) -> None:
    stranger = (await runtime.gateway.send(Request("post", "/v1/customers", {"email": "eve@example.com"}))).data
    for method in ("pm_1", "pm_2"):
        data = stripe_objects.payment_method(method, stranger["id"])
        await put(runtime, an_event("payment_method.attached", data, 100))
        await apply_due(runtime, now=soon(runtime))
    assert set((await statuses(runtime)).values()) == {EventStatus.SKIPPED}
    reasons = {event.error for event in await events_of(runtime)}
    assert reasons == {f"customer {stranger['id']} is not one of Assent's"}
    async with runtime.database.read() as session:
        assert (await session.exec(select(Customer))).all() == []
        assert "eve" not in str((await session.exec(select(StripeObject.data))).all())


async def test_an_object_whose_parent_stripe_does_not_know_is_skipped(runtime: Runtime) -> None:
    await put(runtime, an_event("price.created", stripe_objects.price("price_1", "prod_nowhere"), 100))
    await apply_due(runtime, now=soon(runtime))
    (event,) = await events_of(runtime)
    assert event.status == EventStatus.SKIPPED
    assert "prod_nowhere" in str(event.error)


async def test_lists_that_a_snapshot_cuts_are_read_to_their_end(runtime: Runtime) -> None:
    """With the sandbox's list of prices standing for a list of lines: what is paged is the list's own address."""
    product = await a_product_at_stripe(runtime)
    for cents in (100, 200, 300):
        params = {"product": product["id"], "currency": "usd", "unit_amount": cents}
        await runtime.gateway.send(Request("post", "/v1/prices", params))
    url = f"/v1/prices?product={product['id']}"
    cut = {**product, "features": {"object": "list", "data": [], "has_more": True, "url": url}}
    await put(runtime, an_event("product.updated", cut, 100))
    await apply_due(runtime, now=soon(runtime))
    async with runtime.database.read() as session:
        assert len((await session.exec(select(Price))).all()) == 3, "what was inside is learned too"
        stored = (await session.exec(select(StripeObject).where(StripeObject.type == "product"))).one()
        assert len(stored.data["features"]["data"]) == 3
        assert stored.data["features"]["has_more"] is False


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
    ((held,),) = await claim_events(runtime.database, now, 10)
    assert await claim_events(runtime.database, now + LEASE / 2, 10) == []
    ((taken,),) = await claim_events(runtime.database, now + LEASE, 10)
    with pytest.raises(Overtaken):
        async with runtime.database.transaction() as session:
            await finish(session, held, status=EventStatus.APPLIED)
    async with runtime.database.transaction() as session:
        await finish(session, taken, status=EventStatus.APPLIED)


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
    wake, stop = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(run_applier(runtime, wake, stop))
    stored = inbox.Inbox(runtime.database, wake.set)
    event = a_product(100, "woken")
    await stored.store(inbox.new_event(event, json.dumps(event), source=EventSource.WEBHOOK, now=runtime.clock()))
    for _ in until(10):
        if set((await statuses(runtime)).values()) == {EventStatus.APPLIED}:
            break
    stop.set()
    async with asyncio.timeout(10):
        await running
    assert await name_of(runtime, "prod_1") == "woken"
