"""Charges that a restored backup does not know of: whoever repeats one is answered with it, and it is made once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, delete, select

from billing import operations, settling
from billing.errors import Conflict
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import Operation, Payment, StripeObject
from tests.billing.chargeable import Chargeable, chargeable
from tests.billing.faults import refused, refusing
from tests.billing.journey import unique
from tests.running_sandbox import RunningSandbox


async def forget(it: Chargeable, key: str) -> None:
    """What an older backup knows of a charge."""
    async with it.runtime.database.transaction() as session:
        await session.exec(delete(Operation).where(col(Operation.key) == key))
        made = select(Payment.stripe_id).where(Payment.customer_id == it.customer)
        await session.exec(delete(StripeObject).where(col(StripeObject.stripe_id).in_(made)))
        await session.exec(delete(Payment).where(col(Payment.customer_id) == it.customer))


async def operation_of(it: Chargeable, key: str) -> Operation:
    async with it.runtime.database.read() as session:
        return (await session.exec(select(Operation).where(col(Operation.key) == key))).one()


async def test_it_is_answered_with_what_it_made(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    await it.charge(key=key)
    [made] = await it.at_stripe()
    await forget(it, key)

    again = await it.charge(key=key)

    assert again.error is None
    assert await it.at_stripe() == [made]
    async with runtime.database.read() as session:
        payment = await session.get_one(Payment, again.payment_id)
    assert (payment.stripe_id, payment.consent_id) == (made["id"], it.consent.id)
    assert (await operation_of(it, key)).node_id == payment.id


async def test_what_could_not_be_looked_for_is_settled_and_never_freed(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    await it.charge(key=key)
    await forget(it, key)
    async with refusing(runtime, sandbox, refused("get", "/v1/payment_intents")) as blind:
        with pytest.raises(Conflict, match="unknown"):
            await it.on(blind).charge(key=key)
    unknown = await operation_of(it, key)
    assert unknown.status == "UNKNOWN"

    settled = await settling.settle(runtime, unknown.id)

    assert settled.status == "SUCCEEDED"
    assert (await it.charge(key=key)).error is None
    assert await it.statuses() == ["succeeded"]


async def test_a_process_that_died_while_it_asked_leaves_it_to_be_found(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    await it.charge(key=key)
    await forget(it, key)
    async with refusing(runtime, sandbox, refused("get", "/v1/payment_intents")) as blind:
        with pytest.raises(Conflict):
            await it.on(blind).charge(key=key)
    async with runtime.database.transaction() as session:
        # As it was left before anybody had written down what Stripe said.
        left = (await session.exec(select(Operation).where(col(Operation.key) == key))).one()
        left.status = "PENDING"
        session.add(left)

    await operations.sweep(replace(runtime, clock=lambda: runtime.clock() + timedelta(minutes=11)), PROCEDURES)

    assert (await operation_of(it, key)).status == "SUCCEEDED"
    assert (await it.charge(key=key)).error is None
    assert await it.statuses() == ["succeeded"]
