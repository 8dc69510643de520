"""Refunds: never more than was paid, once for a key, and however they end."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from billing import operations, payments, settling
from billing.errors import Conflict, InvalidInput, InvalidTransition, NotFound, StripeRejected, StripeUnavailable
from billing.money import Money
from billing.operations import Call, running
from billing.operations.taking import take
from billing.payments import REFUND, NewRefund
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import Operation, Payment, Refund
from tests.billing.chargeable import DECLINES_WHEN_CHARGED, Chargeable, chargeable
from tests.billing.conftest import MERCHANT
from tests.billing.faults import hours_later, kept_fault, refusing, unreachable
from tests.billing.journey import unique
from tests.billing.life import Life
from tests.billing.ready import every
from tests.running_sandbox import RunningSandbox

CARD = "4242424242424242"


async def paid(runtime: Runtime, sandbox: Any, *, card: str | None = CARD) -> tuple[Chargeable, UUID]:
    """A payment of 15 USD."""
    it = await chargeable(runtime, sandbox, card=card)
    payment = (await it.charge()).payment_id
    assert payment is not None
    return it, payment


async def give_back(runtime: Runtime, payment: UUID, cents: int | None = None, *, key: str | None = None) -> UUID:
    amount = None if cents is None else Money(cents, "USD")
    refund, of = await payments.refund(
        runtime, MERCHANT, NewRefund(payment, amount, "requested_by_customer"), idempotency_key=key or unique("refund")
    )
    assert of == payment
    return refund


async def at_stripe(it: Chargeable) -> list[int]:
    """The amounts of all refunds."""
    [intent] = await it.at_stripe()
    found = await it.runtime.gateway.list_all("/v1/refunds", payment_intent=intent["id"])
    return [each["amount"] for each in found]


async def test_parts_and_then_the_rest_are_given_back(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, payment = await paid(runtime, sandbox)
    first = await give_back(runtime, payment, 400)
    rest = await give_back(runtime, payment)
    rows = {each.id: each for each in await every(runtime, Refund)}
    assert (rows[first].amount, rows[first].status, rows[first].reason) == (400, "succeeded", "requested_by_customer")
    assert rows[rest].amount == 1100
    with pytest.raises(InvalidTransition):
        await give_back(runtime, payment)
    assert sorted(await at_stripe(it)) == [400, 1100]


async def test_more_than_is_left_is_refused_before_stripe_is_called(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, payment = await paid(runtime, sandbox)
    await give_back(runtime, payment, 1000)
    for cents in (501, 0, -1):
        with pytest.raises(InvalidInput, match=r"at most what is left: 5.00 USD"):
            await give_back(runtime, payment, cents)
    with pytest.raises(InvalidInput, match="in USD"):
        await payments.refund(runtime, MERCHANT, NewRefund(payment, Money(1, "EUR")), idempotency_key=unique("refund"))
    with pytest.raises(NotFound):
        await payments.refund(runtime, MERCHANT, NewRefund(None), idempotency_key=unique("refund"))
    assert await at_stripe(it) == [1000]


async def test_ten_at_once_never_give_back_more_than_was_paid(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, payment = await paid(runtime, sandbox)
    made = await asyncio.gather(*(give_back(runtime, payment, 400) for _ in range(10)), return_exceptions=True)
    assert len([each for each in made if isinstance(each, UUID)]) == 3
    assert len([each for each in made if isinstance(each, InvalidInput)]) == 7
    assert await at_stripe(it) == [400, 400, 400]


async def test_ten_at_once_with_one_key_give_back_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, payment = await paid(runtime, sandbox)
    key = unique("refund")
    made = await asyncio.gather(*(give_back(runtime, payment, 400, key=key) for _ in range(10)))
    assert len(set(made)) == 1
    assert await at_stripe(it) == [400]


async def test_nothing_is_given_back_of_what_was_not_paid(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await chargeable(runtime, sandbox, card=DECLINES_WHEN_CHARGED)
    declined = (await it.charge()).payment_id
    assert declined is not None
    with pytest.raises(InvalidTransition, match="Nothing was paid"):
        await give_back(runtime, declined)


async def test_a_refund_to_amazon_pay_ends_later(life: Life) -> None:
    _, payment = await paid(life.runtime, life.sandbox, card=None)
    await give_back(life.runtime, payment, 400)
    assert [each.status for each in await every(life.runtime, Refund)] == ["pending"]
    await life.advance(days=2)
    assert [each.status for each in await every(life.runtime, Refund)] == ["succeeded"]


async def test_what_came_back_can_be_given_back_again(runtime: Runtime, sandbox: RunningSandbox) -> None:
    """The bank refused the refund: the money is the merchant's again."""
    _, payment = await paid(runtime, sandbox)
    await give_back(runtime, payment)
    async with runtime.database.transaction() as session:
        refund = (await session.exec(select(Refund))).one()
        refund.status = "failed"
        session.add(refund)
    # Stripe has it all given back, and says so: here it is known that some came back.
    with pytest.raises(StripeRejected) as caught:
        await give_back(runtime, payment)
    assert caught.value.code == "charge_already_refunded"


async def test_a_refund_gives_nothing_back_of_the_month_or_of_a_consent_to_one(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await chargeable(runtime, sandbox, "ONE_TIME", card=CARD)
    payment = (await it.charge()).payment_id
    assert payment is not None
    await give_back(runtime, payment)
    assert await it.used_by() is not None


async def sent(runtime: Runtime, payment: UUID, cents: int, key: str) -> None:
    """Leaves a refund as a process does that is killed before it has written the answer down."""
    intent = {"payment_id": str(payment), "amount": cents, "currency": "USD", "refund_reason": "requested_by_customer"}
    async with runtime.database.read() as session:
        customer = (await session.get_one(Payment, payment)).customer_id
    operation = await take(runtime, REFUND, Call("refundPayment", MERCHANT, key, intent, customer))
    await running.ask(runtime, REFUND, operation)
    async with runtime.database.transaction() as session:
        kept = await session.get_one(Operation, operation.id)
        kept.due_at = runtime.clock()
        session.add(kept)


async def test_a_refund_for_which_stripe_keeps_a_fault_is_found(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, payment = await paid(runtime, sandbox)
    key = unique("refund")
    await sent(runtime, payment, 400, key)
    async with refusing(runtime, sandbox, kept_fault("/v1/refunds")) as hindered:
        refund = await give_back(hindered, payment, 400, key=key)
    assert [each.id for each in await every(runtime, Refund)] == [refund]
    assert await at_stripe(it) == [400]


async def test_a_lost_refund_is_found_out_by_the_sweep(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, payment = await paid(runtime, sandbox)
    key = unique("refund")
    await sent(runtime, payment, 400, key)
    await operations.sweep(runtime, PROCEDURES)
    [refund] = await every(runtime, Refund)
    assert await give_back(runtime, payment, 400, key=key) == refund.id
    assert await at_stripe(it) == [400]


async def test_an_unsent_refund_is_not_made_by_the_sweep(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, payment = await paid(runtime, sandbox)
    async with refusing(runtime, sandbox, unreachable) as hindered:
        with pytest.raises(StripeUnavailable):
            await give_back(hindered, payment, 300)
    await operations.sweep(runtime, PROCEDURES)
    assert await at_stripe(it) == []
    with pytest.raises(InvalidInput):
        await give_back(runtime, payment, 1201)  # its client may still continue it
    await operations.sweep(hours_later(runtime, 1), PROCEDURES)
    await give_back(runtime, payment, 1500)
    assert await at_stripe(it) == [1500]


async def test_a_refund_of_which_nobody_knows_counts_until_it_is_settled(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, payment = await paid(runtime, sandbox)
    async with refusing(runtime, sandbox, kept_fault("/v1/refunds")) as hindered:
        with pytest.raises(Conflict):
            await give_back(hindered, payment, 1000)
    with pytest.raises(InvalidInput):
        await give_back(runtime, payment, 501)
    [unsettled] = await settling.unsettled(runtime)
    assert (await settling.settle(runtime, unsettled.operation.id)).status == "RELEASED"
    await give_back(runtime, payment)
    assert await at_stripe(it) == [1500]
