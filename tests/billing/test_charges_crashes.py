"""Charges when a process dies, an answer is lost, or nobody comes back: one charge at most, and no unwanted one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from billing import mirror, operations, settling
from billing.errors import (
    Conflict,
    ConsentRequired,
    ConsentScopeExceeded,
    PaymentDeclined,
    StripeUnavailable,
)
from billing.operations import Call, running
from billing.operations.taking import take
from billing.payments import CHARGE, Charged
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import Operation, Payment
from tests.billing.chargeable import DECLINES_WHEN_CHARGED, Chargeable, allowed, chargeable
from tests.billing.conftest import MERCHANT
from tests.billing.faults import hours_later, kept_fault, refused, refusing, unreachable
from tests.billing.journey import unique
from tests.billing.ready import every
from tests.running_sandbox import RunningSandbox


def later(runtime: Runtime, **time: float) -> Runtime:
    return replace(runtime, clock=lambda: runtime.clock() + timedelta(**time))


async def reserved(it: Chargeable, key: str) -> Operation:
    """Leaves the charge as a process does that is killed before it sends."""
    intent = {
        "payment_method_id": str(it.method.id),
        "amount": 1500,
        "currency": "USD",
        "consent_id": None,
        "description": None,
        "metadata": {},
    }
    operation = await take(it.runtime, CHARGE, Call("chargePaymentMethod", MERCHANT, key, intent, it.customer))
    async with it.runtime.database.transaction() as session:
        kept = await session.get_one(Operation, operation.id)
        kept.due_at = it.runtime.clock()
        session.add(kept)
    return operation


async def sent(it: Chargeable, key: str) -> Operation:
    """The same, killed before it has written the answer down."""
    operation = await reserved(it, key)
    await running.ask(it.runtime, CHARGE, operation)
    return operation


async def the_charge(it: Chargeable) -> Operation:
    async with it.runtime.database.read() as session:
        return (await session.exec(select(Operation).where(Operation.mutation == "chargePaymentMethod"))).one()


async def test_what_was_never_sent_is_not_sent_by_the_sweep(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox, "ONE_TIME"), unique("key")
    await reserved(it, key)
    await operations.sweep(runtime, PROCEDURES)
    assert await it.at_stripe() == []
    assert (await the_charge(it)).status == "PENDING", "its client may still continue it"
    await operations.sweep(later(runtime, minutes=11), PROCEDURES)
    assert (await the_charge(it)).status == "RELEASED"
    assert await it.used_by() is None
    assert (await it.charge(key=key)).error is None
    assert await it.statuses() == ["succeeded"]


async def test_a_client_that_comes_back_charges_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    await sent(it, key)
    assert (await it.charge(key=key)).error is None
    assert await it.statuses() == ["succeeded"]


async def test_a_lost_answer_is_found_out_by_the_sweep(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    await sent(it, key)
    await operations.sweep(runtime, PROCEDURES)
    [payment] = await every(runtime, Payment)
    assert (payment.status, payment.consent_id) == ("succeeded", it.consent.id)
    assert (await the_charge(it)).status == "SUCCEEDED"
    assert await it.charge(key=key) == Charged(payment.id, None)
    assert await it.statuses() == ["succeeded"]


async def test_a_lost_decline_is_canceled_by_the_sweep(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox, "ONE_TIME", card=DECLINES_WHEN_CHARGED), unique("key")
    await sent(it, key)
    await operations.sweep(runtime, PROCEDURES)
    assert await it.statuses() == ["canceled"]
    assert await it.used_by() is None
    assert isinstance((await it.charge(key=key)).error, PaymentDeclined)
    assert await it.statuses() == ["canceled"]


async def test_a_declined_payment_that_could_not_be_canceled_is_canceled_by_the_sweep(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await chargeable(runtime, sandbox, "ONE_TIME", card=DECLINES_WHEN_CHARGED), unique("key")
    async with refusing(runtime, sandbox, refused("post", "/v1/payment_intents/", "/cancel")) as hindered:
        with pytest.raises(StripeUnavailable):
            await it.on(hindered).charge(key=key)
    assert await it.statuses() == ["requires_payment_method"]
    assert await it.used_by() is not None, "whoever confirms it could still pay"
    await operations.sweep(runtime, PROCEDURES)
    assert await it.statuses() == ["canceled"]
    assert await it.used_by() is None
    assert isinstance((await it.charge(key=key)).error, PaymentDeclined)


async def test_a_consent_that_ends_before_the_sending_stops_it(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    await reserved(it, key)
    await it.revoke()
    with pytest.raises(ConsentRequired):
        await it.charge(key=key)
    assert await it.at_stripe() == []
    await allowed(runtime, it.customer)
    assert (await it.charge(key=key)).error is None, "the key is free again"


async def test_a_payment_that_was_sent_before_its_consent_ended_is_told(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    await sent(it, key)
    await it.revoke()
    charged = await it.charge(key=key)
    assert (charged.error, await it.statuses()) == (None, ["succeeded"])


async def test_stripe_that_does_not_answer_is_told_and_the_same_key_continues(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    async with refusing(runtime, sandbox, unreachable) as hindered:
        with pytest.raises(StripeUnavailable):
            await it.on(hindered).charge(key=key)
    assert (await it.charge(key=key)).error is None
    assert await it.statuses() == ["succeeded"]


async def test_a_fault_that_stripe_keeps_is_no_reason_to_send_again(runtime: Runtime, sandbox: RunningSandbox) -> None:
    """The charge was made, and its answer was a 500 that Stripe repeats to the key."""
    it, key = await chargeable(runtime, sandbox), unique("key")
    await sent(it, key)
    async with refusing(runtime, sandbox, kept_fault("/v1/payment_intents")) as hindered:
        charged = await it.on(hindered).charge(key=key)
    assert (charged.error, await it.statuses()) == (None, ["succeeded"])


async def test_where_nothing_is_found_a_person_has_to_settle_it(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox, monthly="20.00"), unique("key")
    async with refusing(runtime, sandbox, kept_fault("/v1/payment_intents")) as hindered:
        with pytest.raises(Conflict):
            await it.on(hindered).charge(key=key)
    with pytest.raises(Conflict):
        await it.charge(key=key)
    operation = await the_charge(it)
    assert operation.status == "UNKNOWN"
    assert [each.operation.id for each in await settling.unsettled(runtime)] == [operation.id]
    with pytest.raises(ConsentScopeExceeded):
        await it.charge()  # it counts until it is settled
    assert (await settling.settle(runtime, operation.id)).status == "RELEASED"
    assert await it.at_stripe() == []
    assert (await it.charge(key=key)).error is None
    assert await it.statuses() == ["succeeded"]


async def test_a_person_settles_what_stripe_has_made_after_all(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    operation = await sent(it, key)
    async with runtime.database.transaction() as session:
        kept = await session.get_one(Operation, operation.id)
        kept.status = "UNKNOWN"
        session.add(kept)
    await operations.sweep(later(runtime, hours=2), PROCEDURES)
    assert (await the_charge(it)).status == "UNKNOWN", "the sweep leaves it alone"
    assert (await settling.settle(runtime, operation.id)).status == "SUCCEEDED"
    [payment] = await every(runtime, Payment)
    assert await it.charge(key=key) == Charged(payment.id, None)
    with pytest.raises(Conflict):
        await settling.settle(runtime, operation.id)


@pytest.mark.parametrize("was_sent", [True, False])
async def test_past_23_hours_nothing_is_sent_under_the_old_key(
    runtime: Runtime, sandbox: RunningSandbox, *, was_sent: bool
) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    await (sent if was_sent else reserved)(it, key)
    old = it.on(hours_later(runtime, 23.1))
    if was_sent:
        assert (await old.charge(key=key)).error is None
    else:
        with pytest.raises(Conflict):
            await old.charge(key=key)
        assert (await the_charge(it)).status == "UNKNOWN"
    assert await it.statuses() == (["succeeded"] if was_sent else [])


async def test_an_event_before_the_answer_makes_the_same_row(runtime: Runtime, sandbox: RunningSandbox) -> None:
    """The webhook is faster than the answer, or the answer never comes."""
    it, key = await chargeable(runtime, sandbox), unique("key")
    operation = await sent(it, key)
    [intent] = await it.at_stripe()
    await learned(runtime, intent["id"])
    [payment] = await every(runtime, Payment)
    assert (payment.id, payment.consent_id) == (operation.node_id, it.consent.id)
    assert await it.charge(key=key) == Charged(payment.id, None)


async def learned(runtime: Runtime, intent: str) -> None:
    """As the applier does on an event."""
    answer = await runtime.gateway.get(f"/v1/payment_intents/{intent}")
    async with runtime.database.transaction() as session:
        await mirror.record(session, answer, now=runtime.clock())
