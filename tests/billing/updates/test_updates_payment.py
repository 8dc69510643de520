"""What a change is paid with: declined, to be confirmed by the customer, with another method, under another consent."""

import asyncio
from typing import Any

import pytest

from billing import mirror, payment_methods
from billing.callers import Caller
from billing.errors import (
    AuthenticationRequired,
    ConsentScopeExceeded,
    InvalidInput,
    NotAllowed,
    NotFound,
    PaymentDeclined,
    PaymentMethodUnusable,
)
from billing.runtime import Runtime
from billing.subscriptions import Item
from billing.tables import Payment, PaymentMethod, Subscription
from tests.billing.changing import Subscribed, stopped_before, subscribed
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent, a_price, an_open_session, caught_up, unique
from tests.billing.ready import every, ready
from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import SandboxClient

DECLINES_WHEN_CHARGED = "4000000000000341"
WANTS_AUTHENTICATION = "4000002760003184"


async def a_method(it: Subscribed, sandbox: SandboxClient, card: str) -> PaymentMethod:
    """Another card of the customer's."""
    opened = await an_open_session(it.runtime, it.ready.customer, it.ready.consent.id)
    answer = sandbox.enter_card(opened.stripe_id, card)
    if card == WANTS_AUTHENTICATION:
        sandbox.press(answer.headers["location"], "Complete")
    await caught_up(it.runtime, opened)
    saved: list[PaymentMethod] = await every(it.runtime, PaymentMethod)
    return max(saved, key=lambda each: each.id)


async def test_a_declined_change_leaves_everything_as_it_was(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await subscribed(runtime, sandbox), unique("key")
    bad = await a_method(it, sandbox, DECLINES_WHEN_CHARGED)
    updated = await it.update(it.dearer, key=key, payment_method_id=bad.id)
    assert isinstance(updated.error, PaymentDeclined)
    assert (updated.error.code, updated.error.decline_code) == ("card_declined", "generic_decline")
    assert updated.subscription_id is None
    there = await it.at_stripe()
    assert (there["status"], there["pending_update"]) == ("active", None)
    assert await it.billed() == [(it.ready.price.stripe_id, 1)]
    assert await it.charged() == [1500]
    assert [each["status"] for each in await it.invoices()] == ["void", "paid"]
    [payment] = [each for each in await every(runtime, Payment) if each.id == updated.error.payment_id]
    assert payment.status == "canceled"
    assert await it.update(it.dearer, key=key, payment_method_id=bad.id) == updated
    # With a method that works, the same change is made.
    assert (await it.update(it.dearer, payment_method_id=it.ready.method.id)).error is None
    assert await it.billed() == [(it.dearer.stripe_id, 1)]


async def test_a_change_that_the_customer_has_to_confirm_waits(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    wary = await a_method(it, sandbox, WANTS_AUTHENTICATION)
    updated = await it.update(it.dearer, payment_method_id=wary.id)
    assert isinstance(updated.error, AuthenticationRequired)
    assert (updated.subscription_id, updated.payment_id) == (it.id, updated.error.payment_id)
    [payment] = [each for each in await every(runtime, Payment) if each.id == updated.payment_id]
    assert payment.client_secret
    assert (await it.at_stripe())["pending_update"] is not None
    assert await it.billed() == [(it.ready.price.stripe_id, 1)]
    # Another change takes its place: what waited can no longer be paid.
    assert (await it.update(it.cheaper)).error is None
    assert await it.billed() == [(it.cheaper.stripe_id, 1)]
    assert [each["status"] for each in await it.invoices()] == ["paid", "void", "paid"]
    assert await it.charged() == [1500]


async def test_another_method_is_charged_from_then_on(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    other = await a_method(it, sandbox, "4242424242424242")
    assert (await it.update(payment_method_id=other.id)).error is None
    assert (await it.at_stripe())["default_payment_method"] == other.stripe_id
    assert (await it.row()).payment_method_stripe_id == other.stripe_id
    assert await it.charged() == [1500]
    await payment_methods.detach(runtime, MERCHANT, it.ready.method.id)
    with pytest.raises(PaymentMethodUnusable):
        await it.update(payment_method_id=it.ready.method.id)
    stranger = await ready(runtime, sandbox)
    with pytest.raises(NotFound):
        await it.update(payment_method_id=stranger.method.id)


async def test_a_method_that_cannot_be_charged_stops_an_upgrade(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    await payment_methods.detach(runtime, MERCHANT, it.ready.method.id)
    # Stripe takes it off the subscription too.
    with pytest.raises(InvalidInput):
        await it.update(it.dearer)
    assert (await it.update(it.cheaper)).error is None, "nothing is due"


async def test_a_change_rests_on_the_consent_that_goes_as_far(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox, maximum="20.00")
    wider = await a_consent(runtime, it.ready.customer, maximum="25.00")
    with pytest.raises(ConsentScopeExceeded):
        await it.update(it.dearer, consent_id=it.ready.consent.id)
    assert (await it.update(it.dearer)).error is None
    assert (await it.row()).consent_id == wider.id
    assert (await it.at_stripe())["metadata"]["assent_consent"] == str(wider.id)
    # The month counts what was charged under each.
    assert sum(await it.charged()) <= 2500


async def test_a_declined_change_rests_on_its_old_consent(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox, maximum="20.00")
    await a_consent(runtime, it.ready.customer, maximum="25.00")
    bad = await a_method(it, sandbox, DECLINES_WHEN_CHARGED)
    assert isinstance((await it.update(it.dearer, payment_method_id=bad.id)).error, PaymentDeclined)
    assert (await it.row()).consent_id == it.ready.consent.id


async def test_the_month_counts_what_is_due_now(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox, maximum="30.00", monthly="26.00")
    preview = await it.preview(it.dearer)
    assert preview.figures.due_now <= 1000
    assert preview.missing is None
    assert (await it.update(it.dearer)).error is None
    with pytest.raises(ConsentScopeExceeded):
        await it.update(Item(it.cheaper.id, 6))
    assert sum(await it.charged()) <= 2600


async def test_changes_in_parallel_keep_within_a_shared_month(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox, monthly="45.00", subscriptions=2)
    other = await it.ready.subscribe()
    assert other.subscription_id is not None
    second = Subscribed(it.ready, other.subscription_id, it.dearer, it.cheaper)
    made = await asyncio.gather(it.update(it.dearer), second.update(it.dearer), return_exceptions=True)
    assert len([each for each in made if isinstance(each, ConsentScopeExceeded)]) == 1
    assert sum(await it.charged()) <= 4500


@pytest.mark.parametrize("step", ["change", "settle"])
async def test_a_change_under_way_counts_whatever_is_known_of_its_invoice(
    runtime: Runtime, sandbox: RunningSandbox, step: str
) -> None:
    """Sent, or answered and its invoice not read yet: another change sees what it charges in each case."""
    it = await subscribed(runtime, sandbox, monthly="45.00", subscriptions=2)
    other = await it.ready.subscribe()
    assert other.subscription_id is not None
    await stopped_before(it, unique("key"), step, it.dearer, sent=True)
    second = Subscribed(it.ready, other.subscription_id, it.dearer, it.cheaper)
    with pytest.raises(ConsentScopeExceeded):
        await second.update(it.dearer)
    assert sum(await it.charged()) <= 4500


async def test_metadata_is_merged(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox, subscribe={"metadata": {"desk": "4", "floor": "2"}})
    assert (await it.update(metadata={"desk": None, "room": "9"})).error is None
    metadata = (await it.at_stripe())["metadata"]
    assert {key: value for key, value in metadata.items() if not key.startswith("assent_")} == {
        "floor": "2",
        "room": "9",
    }
    assert metadata["assent_id"] == str(it.id)
    assert (await it.update(it.cheaper, metadata={"room": "10"})).error is None
    assert (await it.at_stripe())["metadata"]["room"] == "10"


async def test_a_customer_changes_to_self_service_prices_alone(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    own = Caller("CUSTOMER", customer_id=it.ready.customer)
    open_to_all = await a_price(runtime, 25, self_service=True)
    with pytest.raises(NotAllowed):
        await it.update(it.dearer, caller=own)
    refused: list[dict[str, Any]] = [{"metadata": {"a": "b"}}, {"coupon": "x"}]
    for changes in refused:
        with pytest.raises(NotAllowed):
            await it.update(open_to_all, caller=own, **changes)
    # What the merchant gave it stays, as it is.
    with pytest.raises(NotAllowed):
        await it.update(Item(it.ready.price.id, 2), caller=own)
    assert (await it.update(open_to_all, caller=own)).error is None
    coupon = sandbox.client().v1.coupons.create({"duration": "forever", "percent_off": 10}).id
    preview = await it.preview(it.cheaper, coupon=coupon)
    with pytest.raises(NotAllowed):
        await it.update(it.cheaper, caller=own, preview_token=preview.token)
    offer = await it.preview(open_to_all, coupon=coupon)
    assert (await it.update(open_to_all, caller=own, preview_token=offer.token)).error is None
    assert len((await it.at_stripe())["discounts"]) == 1


async def test_only_the_merchant_lets_a_customer_have_a_dearer_price_unpaid(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await subscribed(runtime, sandbox)
    own = Caller("CUSTOMER", customer_id=it.ready.customer)
    dearer = await a_price(runtime, 25, self_service=True)
    with pytest.raises(NotAllowed, match="prorate"):
        await it.preview(dearer, caller=own, prorate=False)
    with pytest.raises(NotAllowed, match="prorate"):
        await it.update(dearer, caller=own, prorate=False)
    paid = await it.preview(dearer, caller=own)
    with pytest.raises(InvalidInput):
        await it.update(dearer, caller=own, prorate=False, preview_token=paid.token)
    assert await it.billed() == [(it.ready.price.stripe_id, 1)]
    offer = await it.preview(dearer, prorate=False)
    assert (await it.update(dearer, caller=own, prorate=False, preview_token=offer.token)).error is None
    assert await it.billed() == [(dearer.stripe_id, 1)]
    assert await it.charged() == [1500]


async def test_what_assent_does_not_hold_to_a_consent_is_left_alone(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    owner = (await it.at_stripe())["customer"]
    client = sandbox.client()
    elsewhere = client.v1.subscriptions.create(
        {
            "customer": owner,
            "items": [{"price": it.cheaper.stripe_id}],
            "default_payment_method": it.ready.method.stripe_id,
        }
    )
    answer = await runtime.gateway.get(f"/v1/subscriptions/{elsewhere.id}")
    async with runtime.database.transaction() as session:
        await mirror.record(session, answer, now=runtime.clock())
    [row] = [each for each in await every(runtime, Subscription) if each.stripe_id == elsewhere.id]
    with pytest.raises(Exception, match="adopt"):
        await Subscribed(it.ready, row.id, it.dearer, it.cheaper).update(it.dearer)
