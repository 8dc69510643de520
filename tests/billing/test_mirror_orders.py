"""Whatever order Stripe delivers in, and however often: the same rows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from random import Random
from typing import Any

from sqlmodel import delete
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.database import Database
from billing.runtime import Runtime
from billing.stripe_gateway import Answer
from billing.tables import (
    Mandate,
    OperationStatus,
    PaymentMethod,
    SetupIntent,
    SetupSession,
    StripeObject,
    Subscription,
)
from tests.billing import journey, stripe_objects
from tests.billing.stripe_events import events_about, learn_all, snapshot
from tests.running_sandbox import RunningSandbox

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
SAMPLES = 150  # on each database


class Undone(Exception):
    """Takes back what one order has written."""


async def rows_after(
    database: Database, events: Sequence[dict[str, Any]], truth: dict[str, Answer]
) -> tuple[dict[str, Any], int]:
    """The rows as this order leaves them, and how many events had to be settled by reading; nothing stays."""
    found: list[tuple[dict[str, Any], int]] = []
    try:
        async with database.transaction() as session:
            unclear = await learn_all(session, events, truth, NOW)
            # A row that was settled by reading is known from a later time.
            found.append((await snapshot(session, but={"known_from", "known_until"}), unclear))
            raise Undone  # noqa: TRY301 - a rollback is all that is wanted
    except Undone:
        return found[0]


async def forget_the_journey(session: AsyncSession) -> None:
    for table in (SetupIntent, SetupSession, PaymentMethod, Mandate, Subscription, StripeObject):
        await session.exec(delete(table))


async def read_all(runtime: Runtime, *paths: str) -> dict[str, Answer]:
    answers = [await runtime.gateway.get(path) for path in paths]
    return {
        answer.data["id"]: Answer(answer.data, answer.known_until + 1, answer.known_until + 1) for answer in answers
    }


async def test_every_order_of_a_setup_journeys_events_ends_in_the_same_rows(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    customer_id = await journey.a_customer(runtime)
    consent = await journey.a_consent(runtime, customer_id)
    opened = await journey.an_open_session(runtime, customer_id, consent.id)
    sandbox.authorize_amazon_pay(opened.stripe_id)
    done = (await runtime.gateway.get(f"/v1/checkout/sessions/{opened.stripe_id}")).data
    intent = (await runtime.gateway.get(f"/v1/setup_intents/{done['setup_intent']}")).data
    events = await events_about(runtime.gateway, done["id"], intent["id"], intent["payment_method"])
    assert {event["type"] for event in events} >= {"setup_intent.created", "checkout.session.completed"}
    truth = await read_all(runtime, f"/v1/setup_intents/{intent['id']}", f"/v1/checkout/sessions/{done['id']}")
    async with runtime.database.transaction() as session:
        await forget_the_journey(session)

    expected, _ = await rows_after(runtime.database, events, truth)
    (intent_row,), (session_row,) = expected["SetupIntent"], expected["SetupSession"]
    assert (intent_row["status"], session_row["status"]) == ("succeeded", "complete")
    assert intent_row["consent_id"] == session_row["consent_id"] == consent.id
    assert [row["detached_at"] for row in expected["PaymentMethod"]] == [None]
    for order in permutations(events):
        assert (await rows_after(runtime.database, order, truth))[0] == expected, [event["type"] for event in order]


async def test_orders_with_duplicates_of_a_first_payments_events_end_in_the_same_rows(database: Database) -> None:
    """All within one second, so that nothing but the snapshots themselves shows what came first."""
    async with database.transaction() as session:
        made = await stripe_objects.a_reserved_subscription(session, NOW)
    events = stripe_objects.first_payment(made)
    expected, unclear = await rows_after(database, events, {})
    (subscription,), (invoice,), (payment,) = (expected[name] for name in ("Subscription", "Invoice", "Payment"))
    assert unclear == 0
    assert (subscription["status"], invoice["status"], payment["status"]) == ("active", "paid", "succeeded")
    assert (subscription["managed"], payment["consent_id"]) == (True, made.consent_id)
    chance = Random(7)  # noqa: S311 - for the same orders every time
    for _ in range(SAMPLES):
        order = [*events, *chance.sample(events, 3)]
        chance.shuffle(order)
        rows, unclear = await rows_after(database, order, {})
        assert unclear == 0
        assert rows == expected, [event["type"] for event in order]


async def test_every_order_of_one_subscriptions_own_events_ends_in_the_same_row(database: Database) -> None:
    async with database.transaction() as session:
        made = await stripe_objects.a_reserved_subscription(session, NOW, OperationStatus.SUCCEEDED)
    events = stripe_objects.updates_of_a_subscription(made)
    expected, _ = await rows_after(database, events, {})
    assert expected["Subscription"][0]["status"] == "canceled"
    assert expected["Subscription"][0]["stripe_metadata"] == {"plan": "three"}
    for order in permutations(events):
        rows, unclear = await rows_after(database, order, {})
        assert (rows, unclear) == (expected, 0), [event["type"] for event in order]
