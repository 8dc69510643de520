"""Subscriptions when a process dies: at most one, paid at most once, and only while it is wanted and allowed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing import consents, operations
from billing.errors import (
    ConsentRequired,
    StripeRejected,
)
from billing.operations import running
from billing.operations.taking import take
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.subscriptions import CREATE
from billing.tables import Operation, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.journey import unique
from tests.billing.ready import Ready, every, ready
from tests.running_sandbox import RunningSandbox


async def test_a_consent_that_ends_between_creation_and_payment_stops_the_payment(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    """The process dies before it pays; the customer revokes; the client tries again."""
    it, key = await ready(runtime, sandbox), unique("key")
    operation = await stopped_before(runtime, it, key, "pay")
    async with runtime.database.transaction() as session:
        await consents.revoke(session, MERCHANT, consent_id=it.consent.id, now=runtime.clock())
    created = await it.subscribe(key=key)
    assert isinstance(created.error, ConsentRequired)
    assert [each["status"] for each in await it.at_stripe("invoices")] == ["void"]
    assert operation.step == "pay"


async def stopped_before(
    runtime: Runtime, it: Ready, key: str, step: str, *, held: bool = False, trial_days: int | None = None
) -> Operation:
    """Drives the creation up to the reservation of a step; leaves it as a killed process would, or keeps it `held`."""
    intent: dict[str, Any] = {
        "customer_id": str(it.customer),
        "items": [[str(it.price.id), 1]],
        "payment_method_id": str(it.method.id),
        "consent_id": None,
        "trial_days": trial_days,
        "metadata": {},
        "automatic_tax": False,
    }
    call = operations.Call("createSubscription", MERCHANT, key, intent, it.customer)
    operation = await take(runtime, CREATE, call)
    while operation.step != step:
        outcome = await running.ask(runtime, CREATE, operation)
        operation = await running.record(runtime, CREATE, operation, outcome)
    async with runtime.database.transaction() as session:
        kept = await session.get_one(Operation, operation.id)
        kept.due_at = kept.due_at if held else runtime.clock()
        session.add(kept)
    return operation


@pytest.mark.parametrize("step", ["create", "preview", "pay"])
async def test_after_a_crash_the_sweep_charges_nothing_and_the_client_finishes(
    runtime: Runtime, sandbox: RunningSandbox, step: str
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    await stopped_before(runtime, it, key, step)
    await operations.sweep(runtime, PROCEDURES)
    assert [each for each in await it.at_stripe("payment_intents") if each["status"] == "succeeded"] == []
    created = await it.subscribe(key=key)
    assert created.error is None
    assert [each["status"] for each in await it.at_stripe("subscriptions")] == ["active"]
    assert [each.status for each in await every(runtime, Subscription)] == ["active"]


async def test_a_payment_whose_answer_was_lost_is_recorded_by_the_sweep(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    """Sent, done, and the process died before it could write it down; the client never comes back."""

    it, key = await ready(runtime, sandbox), unique("key")
    operation = await stopped_before(runtime, it, key, "pay")
    await running.ask(runtime, CREATE, operation)
    await operations.sweep(runtime, PROCEDURES)
    [subscription] = await every(runtime, Subscription)
    assert subscription.status == "active"
    assert (await it.subscribe(key=key)).subscription_id == subscription.id
    assert [each["status"] for each in await it.at_stripe("payment_intents")] == ["succeeded"]


async def test_a_charge_that_never_reached_stripe_is_given_up(runtime: Runtime, sandbox: RunningSandbox) -> None:

    it, key = await ready(runtime, sandbox), unique("key")
    await stopped_before(runtime, it, key, "create")
    await operations.sweep(after(runtime, minutes=11), PROCEDURES)
    [operation] = [each for each in await every(runtime, Operation) if each.mutation == "createSubscription"]
    assert operation.status == "RELEASED"
    assert (await it.subscribe(key=key)).error is None


async def test_a_payment_that_is_too_old_to_be_sent_again_is_taken_back(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    await stopped_before(runtime, it, key, "pay")
    it.runtime = after(runtime, hours=24)
    created = await it.subscribe(key=key)
    assert isinstance(created.error, StripeRejected)
    assert created.subscription_id is None
    assert [each["status"] for each in await it.at_stripe("subscriptions")] == ["canceled"]
    assert [each["status"] for each in await it.at_stripe("invoices")] == ["void"]


async def test_a_payment_that_nobody_continues_is_looked_at_less_and_less_often(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    operation = await stopped_before(runtime, it, key, "pay")
    for seconds in range(0, 590, 10):
        await operations.sweep(after(runtime, seconds=seconds), PROCEDURES)
    [left] = [each for each in await every(runtime, Operation) if each.id == operation.id]
    assert left.status == "PENDING"
    assert 3 <= left.fence - operation.fence <= 12
    it.runtime = after(runtime, seconds=590)
    assert (await it.subscribe(key=key)).error is None, "its client need not wait for a look"


async def test_a_payment_whose_invoice_was_voided_at_stripe_is_over(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    await stopped_before(runtime, it, key, "pay")
    [invoice] = await it.at_stripe("invoices")
    await runtime.gateway.send(Request("post", f"/v1/invoices/{invoice['id']}/void", {}))
    await operations.sweep(runtime, PROCEDURES)
    [operation] = [each for each in await every(runtime, Operation) if each.mutation == "createSubscription"]
    assert operation.status == "FAILED"
    assert [each["status"] for each in await it.at_stripe("subscriptions")] == ["incomplete_expired"]


@pytest.mark.parametrize("step", ["create", "preview", "pay"])
async def test_what_its_client_does_not_continue_is_taken_back_after_ten_minutes(
    runtime: Runtime, sandbox: RunningSandbox, step: str
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    operation = await stopped_before(runtime, it, key, step)
    if step == "create":
        await running.ask(runtime, CREATE, operation)
    for minutes in (0, 5, 9):
        await operations.sweep(after(runtime, minutes=minutes), PROCEDURES)
    assert [each["status"] for each in await it.at_stripe("subscriptions")] == ["incomplete"]
    await operations.sweep(after(runtime, minutes=11), PROCEDURES)
    assert [each["status"] for each in await it.at_stripe("subscriptions")] == ["canceled"]
    assert [each["status"] for each in await it.at_stripe("invoices")] == ["void"]
    created = await it.subscribe(key=key)
    assert isinstance(created.error, StripeRejected)
    assert created.error.code == "payment_not_completed"
    assert (await it.subscribe()).error is None, "the consent is free again"


async def test_a_trial_that_its_client_does_not_continue_is_taken_back_too(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    await stopped_before(runtime, it, key, "preview", trial_days=14)
    for minutes in (0, 5, 9):
        await operations.sweep(after(runtime, minutes=minutes), PROCEDURES)
    assert [each["status"] for each in await it.at_stripe("subscriptions")] == ["trialing"]
    await operations.sweep(after(runtime, minutes=11), PROCEDURES)
    assert [each["status"] for each in await it.at_stripe("subscriptions")] == ["canceled"]
    created = await it.subscribe(key=key, trial_days=14)
    assert isinstance(created.error, StripeRejected)
    assert (await it.subscribe()).error is None, "the consent is free again"


async def test_a_first_invoice_that_others_paid_is_over_for_the_sweep(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    await stopped_before(runtime, it, key, "preview")
    [invoice] = await it.at_stripe("invoices")
    paid = Request("post", f"/v1/invoices/{invoice['id']}/pay", {"payment_method": it.method.stripe_id})
    await runtime.gateway.send(paid)
    await operations.sweep(runtime, PROCEDURES)
    [operation] = [each for each in await every(runtime, Operation) if each.mutation == "createSubscription"]
    assert operation.status == "SUCCEEDED"
    assert [each["amount_received"] for each in await it.at_stripe("payment_intents")] == [1500]


def after(runtime: Runtime, **time: int) -> Runtime:
    """The same, later."""
    return replace(runtime, clock=lambda: runtime.clock() + timedelta(**time))
