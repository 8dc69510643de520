"""One that stands still goes on when its next invoice is paid, within the consent, once."""

import asyncio
from typing import Any

import pytest

from billing import subscriptions
from billing.errors import (
    AuthenticationRequired,
    BillingError,
    ConsentRequired,
    ConsentScopeExceeded,
    InvalidTransition,
    PaymentDeclined,
    StripeUnavailable,
)
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.subscriptions import Resumed
from billing.tables import Payment, PaymentMethod, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.faults import Fault, refusing
from tests.billing.journey import a_saved_method, unique
from tests.billing.life import Life
from tests.billing.ready import Ready, every, ready
from tests.billing.renewing import change, revoke_and_stop
from tests.billing.test_subscriptions import a_saved_with_challenge

DECLINES_WHEN_CHARGED = "4000000000000341"
# Or the rest of the month would be given back on the next invoice.
NO_CREDIT = {"bill_for": {"unused_time_from": {"type": "none"}}}


async def standing_still(life: Life, **scope: Any) -> Ready:
    """Paid for its first month, and paused at Stripe itself ten days later."""
    it = await ready(life.runtime, life.sandbox, **scope)
    assert (await it.subscribe()).error is None
    await life.advance(days=10)
    await change(life.runtime, f"/v1/subscriptions/{(await the_one(life)).stripe_id}/pause", NO_CREDIT)
    await life.catch_up()
    return it


async def the_one(life: Life) -> Subscription:
    [found] = await every(life.runtime, Subscription)
    assert isinstance(found, Subscription)
    return found


async def resume(life: Life, *, key: str | None = None, runtime: Runtime | None = None) -> Resumed:
    row = await the_one(life)
    return await subscriptions.resume(
        runtime or life.runtime, MERCHANT, row.id, idempotency_key=key or unique("resume")
    )


async def paid(it: Ready) -> list[int]:
    """What was paid on each invoice, oldest first."""
    return [each["amount_paid"] for each in reversed(await it.at_stripe("invoices"))]


async def test_both_kinds_of_pause_are_told_apart(life: Life) -> None:
    await standing_still(life)
    row = await the_one(life)
    assert (row.status, row.pause_collection_only, row.pause_behavior) == ("paused", False, None)
    assert row.paused_at is not None
    assert abs((life.sandbox.now() - row.paused_at).total_seconds()) < 60


async def test_it_goes_on_when_it_is_paid(life: Life) -> None:
    it, key = await standing_still(life), unique("key")
    resumed = await resume(life, key=key)
    assert resumed.error is None
    assert await paid(it) == [1500, 1500]
    row = await the_one(life)
    assert (row.status, row.paused_at) == ("active", None)
    payments = {each.id: each for each in await every(life.runtime, Payment)}
    assert resumed.payment_id is not None
    assert (payments[resumed.payment_id].status, payments[resumed.payment_id].consent_id) == (
        "succeeded",
        it.consent.id,
    )
    assert await resume(life, key=key) == resumed
    # Another wish finds it going on already.
    assert await resume(life) == Resumed(row.id, None, None)
    await life.catch_up()
    assert await paid(it) == [1500, 1500]
    assert (await the_one(life)).status == "active"


async def test_ten_at_once_pay_once(life: Life) -> None:
    it, key = await standing_still(life), unique("key")
    same = await asyncio.gather(*(resume(life, key=key) for _ in range(5)), *(resume(life) for _ in range(5)))
    assert len({each.payment_id for each in same if each.payment_id}) == 1
    assert await paid(it) == [1500, 1500]


async def with_method(life: Life, it: Ready, card: str) -> PaymentMethod:
    """The subscription is to be charged to this card from now on."""
    method = await a_saved_method(life.runtime, life.sandbox, it.customer, it.consent.id, card=card)
    row = await the_one(life)
    await change(life.runtime, f"/v1/subscriptions/{row.stripe_id}", {"default_payment_method": method.stripe_id})
    await life.catch_up()
    return method


async def test_a_decline_leaves_it_as_it_was_and_nothing_payable(life: Life) -> None:
    it, key = await standing_still(life), unique("key")
    await with_method(life, it, DECLINES_WHEN_CHARGED)
    resumed = await resume(life, key=key)
    assert isinstance(resumed.error, PaymentDeclined)
    assert resumed.error.code == "card_declined"
    assert [each["status"] for each in await it.at_stripe("invoices")] == ["void", "paid"]
    assert (await the_one(life)).status == "paused"
    assert await resume(life, key=key) == resumed
    assert len(await it.at_stripe("invoices")) == 2
    # Declined once, not once by Stripe and once more by us.
    [intent] = [each for each in await it.at_stripe("payment_intents") if each["status"] == "canceled"]
    charges = await life.runtime.gateway.list_all("/v1/charges", payment_intent=intent["id"])
    assert len(charges) == 1


async def test_one_that_was_revoked_is_not_resumed(life: Life) -> None:
    it = await standing_still(life)
    await revoke_and_stop(it)
    asked: list[Request] = []
    async with refusing(life.runtime, life.sandbox, asked.append) as silent:
        with pytest.raises(ConsentRequired):
            await resume(life, runtime=silent)
    assert asked == []


async def test_what_would_be_above_the_consent_is_not_even_billed(life: Life) -> None:
    """A pending item that nobody told us of."""
    it, key = await standing_still(life, maximum="20.00"), unique("key")
    owner = (await it.at_stripe("subscriptions"))[0]["customer"]
    await change(life.runtime, "/v1/invoiceitems", {"customer": owner, "amount": 900, "currency": "usd"})
    with pytest.raises(ConsentScopeExceeded) as exceeded:
        await resume(life, key=key)
    assert exceeded.value.required.maximum_amount == 2400
    assert await paid(it) == [1500]
    assert (await the_one(life)).status == "paused"


async def test_without_a_method_it_says_what_to_do(life: Life) -> None:
    it = await standing_still(life)
    await change(life.runtime, f"/v1/payment_methods/{it.method.stripe_id}/detach", {})
    row = await the_one(life)
    if (await it_has_method(life, row)) is not None:
        await change(life.runtime, f"/v1/subscriptions/{row.stripe_id}", {"default_payment_method": ""})
    await life.catch_up()
    with pytest.raises(InvalidTransition) as refusal:
        await resume(life)
    assert "updateSubscription" in refusal.value.message


async def it_has_method(life: Life, row: Subscription) -> str | None:
    there = (await life.runtime.gateway.get(f"/v1/subscriptions/{row.stripe_id}")).data
    method = there["default_payment_method"]
    return str(method) if method else None


def lost(path: str, times: int = 1) -> Fault:
    """The request does not arrive."""
    left = [times]

    def fault(request: Request) -> BillingError | None:
        if request.method != "get" and request.path.endswith(path) and left[0]:
            left[0] -= 1
            return StripeUnavailable()
        return None

    return fault


@pytest.mark.parametrize("path", ["/create_preview", "/resume"])
async def test_a_resumption_that_was_cut_off_is_continued_by_its_own_key(life: Life, path: str) -> None:
    it, key = await standing_still(life), unique("key")
    async with refusing(life.runtime, life.sandbox, lost(path)) as broken:
        with pytest.raises(StripeUnavailable):
            await resume(life, key=key, runtime=broken)
        # The sweep finds out, and does not perform.
        await life.sweep()
        assert await paid(it) == [1500]
        assert (await resume(life, key=key, runtime=broken)).error is None
    assert await paid(it) == [1500, 1500]


async def test_what_nobody_continues_is_given_up(life: Life) -> None:
    it, key = await standing_still(life), unique("key")
    async with refusing(life.runtime, life.sandbox, lost("/resume")) as broken:
        with pytest.raises(StripeUnavailable):
            await resume(life, key=key, runtime=broken)
    await life.advance(minutes=11)
    await life.sweep()
    assert await paid(it) == [1500]
    # Nobody is kept from the subscription any more.
    await subscriptions.cancel(
        life.runtime, MERCHANT, (await the_one(life)).id, timing=subscriptions.CancellationTiming.NOW, reason=None
    )
    assert (await the_one(life)).status == "canceled"


async def test_a_payment_that_needs_the_customer_waits_with_it(life: Life) -> None:
    it = await standing_still(life)
    opened = await with_challenge(life, it)
    resumed = await resume(life)
    assert isinstance(resumed.error, AuthenticationRequired)
    assert resumed.payment_id is not None
    assert [each["status"] for each in await it.at_stripe("invoices")] == ["open", "paid"]
    assert ((await the_one(life)).status, opened.stripe_type) == ("paused", "card")


async def with_challenge(life: Life, it: Ready) -> PaymentMethod:
    method = await a_saved_with_challenge(life.runtime, life.sandbox, it)
    row = await the_one(life)
    await change(life.runtime, f"/v1/subscriptions/{row.stripe_id}", {"default_payment_method": method.stripe_id})
    await life.catch_up()
    return method
