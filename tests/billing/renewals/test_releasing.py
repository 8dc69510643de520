"""What was held is released by a consent that covers it: once, the newest draft alone, and paid."""

import asyncio

import pytest

from billing import renewals, stopping
from billing.applier import sweep_drafts
from billing.errors import StripeUnavailable
from billing.operations import running
from billing.operations.taking import take
from billing.procedures import PROCEDURES
from billing.stripe_gateway import Request
from billing.tables import Operation
from tests.billing.faults import refusing
from tests.billing.journey import a_saved_method
from tests.billing.life import Life
from tests.billing.ready import Ready, every
from tests.billing.renewing import (
    change,
    consent_again,
    consent_and_release,
    holds,
    invoices,
    paid,
    reasons,
    revoke_and_stop,
    statuses,
    subscribed,
    subscription_of,
    to_the_draft,
)
from tests.sandbox.paying import control


async def held(life: Life, months: int = 1) -> Ready:
    """Revoked in the first month; so many renewals are held."""
    it = await subscribed(life)
    await revoke_and_stop(it)
    await life.advance(days=31 * months)
    assert await statuses(life.runtime) == ["paid", *["draft"] * months]
    return it


async def test_a_consent_that_names_the_subscription_lets_it_go_on(life: Life) -> None:
    it = await held(life)
    await consent_and_release(it)
    assert await statuses(life.runtime) == ["paid", "paid"]
    assert await holds(life.runtime) == []
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["pause_collection"] is None
    await life.advance(days=31)
    await life.advance(hours=2)
    assert await statuses(life.runtime) == ["paid"] * 3
    assert await holds(life.runtime) == []


async def test_of_several_months_only_the_newest_is_paid(life: Life) -> None:
    it = await held(life, months=3)
    await consent_and_release(it)
    assert await statuses(life.runtime) == ["paid", "void", "void", "paid"]
    assert await paid(life.runtime) == 3000
    await life.advance(days=5)
    assert await paid(life.runtime) == 3000
    assert await holds(life.runtime) == []


async def test_a_consent_that_does_not_cover_the_amount_keeps_the_hold(life: Life) -> None:
    """A one-off item is on the draft: the consent carries the subscription, and not this."""
    it = await held(life)
    [_, draft] = await invoices(life.runtime)
    item = {"customer": draft["customer"], "invoice": draft["id"], "amount": 2000, "currency": "usd"}
    await change(life.runtime, "/v1/invoiceitems", item)
    await life.catch_up()
    await consent_and_release(it, "30.00")
    assert await statuses(life.runtime) == ["paid", "draft"]
    [hold] = [each for each in await holds(life.runtime) if each.invoice_stripe_id]
    assert hold.reason == "CONSENT_SCOPE_EXCEEDED"
    assert hold.required is not None
    assert hold.required["maximum_amount"] == 3500
    await consent_and_release(it, "35.00")
    assert await statuses(life.runtime) == ["paid", "paid"]
    assert await paid(life.runtime) == 5000


async def test_two_at_once_and_the_sweep_release_once(life: Life) -> None:
    it = await held(life, months=2)
    calls = await consent_again(it)
    await asyncio.gather(
        *(stopping.carry_out(life.runtime, calls) for _ in range(3)), *(life.sweep() for _ in range(2)), life.catch_up()
    )
    await life.sweep()
    assert await statuses(life.runtime) == ["paid", "void", "paid"]
    assert await paid(life.runtime) == 3000


async def test_a_release_that_was_not_carried_out_is_left_to_the_sweep(life: Life) -> None:
    it = await held(life)
    await consent_again(it)
    await life.sweep()
    assert await statuses(life.runtime) == ["paid", "paid"]
    await life.catch_up()
    assert await holds(life.runtime) == []


@pytest.mark.parametrize("done", [False, True], ids=["before it was sent", "before its answer was written down"])
@pytest.mark.parametrize("step", ["finalize", "pay"])
async def test_a_crash_in_the_middle_leads_to_one_payment(life: Life, step: str, done: bool) -> None:
    it = await held(life)
    await crash_at(life, it, step, done=done)
    life.sandbox.advance(minutes=5)
    await life.catch_up()
    await life.sweep()
    await must_be_paid_once(life)


async def must_be_paid_once(life: Life) -> None:
    """The first month and the one that was held, and nothing is held any more."""
    assert await statuses(life.runtime) == ["paid", "paid"]
    assert await paid(life.runtime) == 3000
    await life.catch_up()
    assert await holds(life.runtime) == []


async def crash_at(life: Life, it: Ready, step: str, *, done: bool) -> Operation:
    """Drives the release up to the sending of a step, and leaves it as a killed process would."""
    [call] = [each for each in await consent_again(it) if each.mutation == "releaseInvoice"]
    operation = await take(life.runtime, renewals.RELEASE, call)
    while operation.step != step:
        outcome = await running.ask(life.runtime, renewals.RELEASE, operation)
        operation = await running.record(life.runtime, renewals.RELEASE, operation, outcome)
    if done:
        await running.ask(life.runtime, renewals.RELEASE, operation)
    return operation


@pytest.mark.parametrize("step", ["finalize", "pay"])
async def test_a_revocation_after_the_crash_pays_nothing(life: Life, step: str) -> None:
    it = await held(life)
    await crash_at(life, it, step, done=False)
    await revoke_and_stop(it)
    life.sandbox.advance(minutes=5)
    await life.sweep()
    await life.catch_up()
    await life.advance(days=20)
    await life.sweep()
    assert await paid(life.runtime) == 1500
    assert (await invoices(life.runtime))[1]["auto_advance"] is False


async def test_one_that_others_finalized_is_withdrawn(life: Life) -> None:
    it = await held(life)
    [_, draft] = await invoices(life.runtime)
    await change(life.runtime, f"/v1/invoices/{draft['id']}/finalize", {"auto_advance": False})
    life.sandbox.advance(minutes=1)
    await consent_and_release(it)
    await life.catch_up()
    assert await statuses(life.runtime) == ["paid", "void"]
    assert await reasons(life.runtime) == []


async def test_one_that_others_have_paid_is_shown_until_the_customer_agrees(life: Life) -> None:
    it = await held(life)
    [_, draft] = await invoices(life.runtime)
    await change(life.runtime, f"/v1/invoices/{draft['id']}/pay", {})
    await life.catch_up()
    await sweep_drafts(life.runtime)  # where the invoice and its payment were applied at once, it is left to this
    assert await reasons(life.runtime) == ["CHARGED_OUTSIDE_CONSENT"]
    await life.advance(days=1)
    assert await paid(life.runtime) == 3000
    await consent_and_release(it)
    assert await reasons(life.runtime) == []


async def test_a_release_that_stripe_does_not_take_is_tried_again(life: Life) -> None:
    it = await held(life)

    def fault(request: Request) -> StripeUnavailable | None:
        return StripeUnavailable() if request.path.endswith("/finalize") else None

    calls = await consent_again(it)
    async with refusing(life.runtime, life.sandbox, fault) as hindered:
        await stopping.carry_out(hindered, calls)
    assert await statuses(life.runtime) == ["paid", "draft"]
    await life.sweep()
    assert await statuses(life.runtime) == ["paid", "paid"]


async def test_a_declined_release_is_left_to_stripe_s_own_retries(life: Life) -> None:
    it = await held(life)
    control(life.sandbox, "payments/fail_next", times=1).raise_for_status()
    await consent_and_release(it)
    assert await statuses(life.runtime) == ["paid", "open"]
    assert (await invoices(life.runtime))[1]["auto_advance"] is True
    await life.advance(days=8)
    assert await statuses(life.runtime) == ["paid", "paid"]
    assert await holds(life.runtime) == []


async def test_an_operation_of_every_kind_is_known_to_the_sweep(life: Life) -> None:
    it = await held(life, months=2)
    await consent_and_release(it)
    assert {each.mutation for each in await every(life.runtime, Operation)} <= set(PROCEDURES)


async def test_a_usable_method_releases_what_waited_for_one(life: Life) -> None:
    it = await subscribed(life)
    await change(life.runtime, f"/v1/payment_methods/{it.method.stripe_id}/detach", {})
    await life.catch_up()
    await to_the_draft(life)
    assert await reasons(life.runtime) == ["PAYMENT_METHOD_UNUSABLE"]
    await life.advance(hours=5)
    assert await statuses(life.runtime) == ["paid", "draft"]
    method = await a_saved_method(life.runtime, life.sandbox, it.customer, it.consent.id, card="4242424242424242")
    path = f"/v1/subscriptions/{(await subscription_of(it)).stripe_id}"
    await change(life.runtime, path, {"default_payment_method": method.stripe_id})
    await life.catch_up()
    assert await statuses(life.runtime) == ["paid", "paid"]
    assert await holds(life.runtime) == []
