"""The applier: every event once, in an order that is shown."""

from random import Random
from typing import Any

from sqlmodel import SQLModel, delete, select

from billing import subscriptions
from billing.applier import apply_due
from billing.runtime import Runtime
from billing.subscriptions import Item, NewSubscription
from billing.tables import (
    EventStatus,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Mandate,
    Payment,
    PaymentMethod,
    SetupIntent,
    SetupSession,
    StripeEvent,
    StripeObject,
    Subscription,
    SubscriptionItem,
)
from tests.billing import journey
from tests.billing.applying import a_product, events_of, name_of, put, soon, statuses
from tests.billing.conftest import MERCHANT
from tests.billing.stripe_events import an_event, events_about, snapshot
from tests.running_sandbox import RunningSandbox

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
    """Without Stripe's own JSON: an event is told before fields that nobody here looks at have changed again.

    And without what is decided on events alone.
    """
    kept = {table: found for table, found in rows.items() if table != "StripeObject"}
    return {table: [{**each, "judged_as": None} for each in found] for table, found in kept.items()}


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
