"""Previews: what it will cost, which consent is missing, and a token that holds everybody to it."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from billing import subscriptions
from billing.callers import Caller
from billing.errors import InvalidInput, InvalidTransition, NotAllowed, NotFound, PreviewStale
from billing.runtime import Runtime
from billing.subscriptions import CancellationTiming, Item
from billing.tables import Subscription
from tests.billing.changing import preview_new, subscribed
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent, a_customer, a_price
from tests.billing.ready import every, ready
from tests.billing.test_subscriptions_crashes import after
from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import SandboxClient


def a_coupon(sandbox: SandboxClient, duration: Literal["once", "forever"] = "forever") -> str:
    return sandbox.client().v1.coupons.create({"duration": duration, "percent_off": 40}).id


async def test_a_new_subscription_is_previewed_and_nothing_is_made(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    preview = await preview_new(it, items=[Item(it.price.id, 2)])
    figures = preview.figures
    assert (figures.currency, figures.due_now, figures.next_total) == ("USD", 3000, 3000)
    assert [(line.amount, line.quantity, line.proration) for line in figures.lines] == [(3000, 2, False)]
    assert 27 <= (datetime.fromtimestamp(figures.next_billing_at, UTC) - runtime.clock()).days <= 31
    assert preview.missing is None
    assert timedelta(minutes=55) < preview.expires_at - runtime.clock() <= timedelta(hours=1)
    assert await it.at_stripe("subscriptions") == []


async def test_the_consent_that_would_be_missing_is_told(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox, maximum="20.00")
    preview = await preview_new(it, items=[Item(it.price.id, 2)])
    assert preview.missing is not None
    assert (preview.missing.maximum_amount, preview.missing.interval_unit) == (3000, "month")
    assert preview.missing.product_ids == (it.price.product_id,)
    stranger = await a_customer(runtime)
    missing = (await preview_new(it, customer_id=stranger)).missing
    assert missing is not None
    assert missing.maximum_amount == 1500


async def test_a_token_makes_just_what_was_previewed(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    coupon = a_coupon(sandbox)
    preview = await preview_new(it, coupon=coupon, trial_days=None)
    assert (preview.figures.due_now, preview.figures.next_total) == (900, 900)
    created = await it.subscribe(preview_token=preview.token)
    assert created.error is None
    [invoice] = await it.at_stripe("invoices")
    assert (invoice["status"], invoice["amount_paid"]) == ("paid", 900)


async def test_a_discounted_price_needs_no_consent_to_the_full_one(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox, maximum="10.00")
    coupon = a_coupon(sandbox)
    assert (await preview_new(it, coupon=coupon)).missing is None
    assert (await it.subscribe(coupon=coupon)).error is None
    # Once it is used up, the full price would be charged.
    other = await ready(runtime, sandbox, maximum="10.00")
    once = a_coupon(sandbox, duration="once")
    missing = (await preview_new(other, coupon=once)).missing
    assert missing is not None
    assert missing.maximum_amount == 1500
    assert (await other.subscribe(coupon=once)).error is not None
    assert [each["status"] for each in await other.at_stripe("invoices")] == ["void"]


async def test_other_items_than_previewed_are_an_invalid_input(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    preview = await preview_new(it, trial_days=7)
    for changes in ({"items": [Item(it.price.id, 2)]}, {"trial_days": 30}, {"coupon": "free"}):
        with pytest.raises(InvalidInput) as caught:
            await it.subscribe(preview_token=preview.token, **changes)
        assert caught.value.problems[0].path[0] == "input"
    with pytest.raises(InvalidInput):
        await it.subscribe(preview_token="unheard-of")
    other = await ready(runtime, sandbox)
    with pytest.raises(InvalidInput):
        await other.subscribe(preview_token=preview.token, items=[Item(it.price.id)])
    assert await it.at_stripe("subscriptions") == []


async def test_a_price_that_moved_is_stale_with_the_current_one(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    preview = await preview_new(it)
    owner = (await runtime.gateway.get(f"/v1/payment_methods/{it.method.stripe_id}")).data["customer"]
    sandbox.client().v1.invoice_items.create({"customer": owner, "amount": 900, "currency": "usd"})
    with pytest.raises(PreviewStale) as caught:
        await it.subscribe(preview_token=preview.token)
    assert caught.value.current.figures.due_now == 2400
    assert await it.at_stripe("subscriptions") == []
    assert (await it.subscribe(preview_token=caught.value.current.token)).error is None
    [invoice] = await it.at_stripe("invoices")
    assert invoice["amount_paid"] == 2400


async def test_an_old_token_is_stale(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    token = (await it.preview(it.dearer)).token
    it.runtime = after(runtime, minutes=61)
    with pytest.raises(PreviewStale) as caught:
        await it.update(it.dearer, preview_token=token)
    assert caught.value.current.token != token
    assert await it.charged() == [1500]


async def test_a_change_costs_what_was_previewed_to_the_cent(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    preview = await it.preview(it.dearer)
    assert preview.figures.next_total == 2500
    assert preview.missing is None
    assert [line.proration for line in preview.figures.lines] == [True, True]
    assert preview.figures.next_billing_at == (await it.at_stripe())["items"]["data"][0]["current_period_end"]
    assert (await it.update(preview_token=preview.token)).error is None
    assert (await it.charged())[-1] == preview.figures.due_now
    down = await it.preview(it.cheaper)
    assert down.figures.due_now < 0
    assert (await it.update(it.cheaper, preview_token=down.token)).error is None
    assert (await it.invoices())[0]["total"] == down.figures.due_now
    flat = await it.preview(it.ready.price, prorate=False)
    assert (flat.figures.due_now, flat.figures.next_total) == (0, 1500)
    with pytest.raises(InvalidInput):
        await it.update(it.ready.price, prorate=True, preview_token=flat.token)


async def test_what_does_not_fit_is_refused(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    with pytest.raises(InvalidInput) as caught:
        await it.preview(it.dearer, coupon="unheard-of")
    assert caught.value.problems[0].path == ("input", "coupon")
    with pytest.raises(NotFound):
        await it.preview(it.dearer, caller=Caller("CUSTOMER", customer_id=await a_customer(runtime)))
    own = Caller("CUSTOMER", customer_id=it.ready.customer)
    with pytest.raises(NotAllowed):
        await it.preview(it.dearer, caller=own)
    await subscriptions.cancel(runtime, MERCHANT, it.id, timing=CancellationTiming.NOW, reason=None)
    with pytest.raises(InvalidTransition):
        await it.preview(it.dearer)


async def test_one_that_ends_with_its_period_has_no_next_total(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    await subscriptions.cancel(runtime, MERCHANT, it.id, timing=CancellationTiming.PERIOD_END, reason=None)
    preview = await it.preview(it.dearer)
    assert preview.figures.next_total == 0
    assert preview.figures.due_now > 0
    assert (await it.update(it.dearer, preview_token=preview.token)).error is None


async def test_a_customer_gets_what_a_key_previewed_for_it(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    price = await a_price(runtime, self_service=True)
    own = Caller("CUSTOMER", customer_id=it.customer)
    with pytest.raises(NotAllowed):
        await preview_new(it, own, items=[Item(price.id)], trial_days=14)
    preview = await preview_new(it, items=[Item(price.id)], trial_days=14)
    created = await it.subscribe(caller=own, items=[Item(price.id)], preview_token=preview.token)
    assert created.error is None
    [subscription] = await every(runtime, Subscription)
    assert subscription.status == "trialing"


async def test_a_stale_offer_is_not_granted_anew_to_the_customer(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    price = await a_price(runtime, self_service=True)
    own = Caller("CUSTOMER", customer_id=it.customer)
    preview = await preview_new(it, items=[Item(price.id)], trial_days=14)
    it.runtime = after(runtime, minutes=61)
    with pytest.raises(PreviewStale) as caught:
        await it.subscribe(caller=own, items=[Item(price.id)], preview_token=preview.token)
    with pytest.raises(NotAllowed):
        await it.subscribe(caller=own, items=[Item(price.id)], preview_token=caught.value.current.token)


async def test_a_stale_offer_without_proration_is_not_granted_anew(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await subscribed(runtime, sandbox)
    price = await a_price(runtime, 25, self_service=True)
    own = Caller("CUSTOMER", customer_id=it.ready.customer)
    token = (await it.preview(price, prorate=False)).token
    it.runtime = after(runtime, minutes=61)
    with pytest.raises(PreviewStale) as caught:
        await it.update(price, caller=own, prorate=False, preview_token=token)
    with pytest.raises(NotAllowed, match="prorate"):
        await it.update(price, caller=own, prorate=False, preview_token=caught.value.current.token)
    assert await it.charged() == [1500]


async def test_a_trial_begins_without_a_method(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    preview = await preview_new(it, trial_days=14)
    assert (preview.figures.due_now, preview.figures.next_total) == (0, 1500)
    customer = await a_customer(runtime)
    await a_consent(runtime, customer)
    created = await it.subscribe(customer_id=customer, payment_method_id=None, trial_days=14)
    assert created.error is None
    with pytest.raises(InvalidInput):
        await it.subscribe(customer_id=customer, payment_method_id=None)
