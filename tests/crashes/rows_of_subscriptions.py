"""Subscriptions: begun, changed, ended, paused, adopted."""

from typing import Any

from billing import subscriptions
from billing.subscriptions import CancellationTiming
from billing.tables import Price, Subscription
from schema.nodes import global_id
from tests.billing import changing, renewing
from tests.billing.chargeable import DECLINES_WHEN_CHARGED
from tests.billing.conftest import MERCHANT
from tests.billing.life import Life
from tests.billing.ready import Ready, ready
from tests.billing.renewals.test_adopting import imported
from tests.billing.test_resuming import standing_still
from tests.billing.updates.test_updates_payment import a_method
from tests.crashes.declaring import Input, keyed, only, row

# Subscriptions.


def new_subscription(it: Ready, **more: Any) -> Input:
    items = [{"priceId": global_id("price", it.price.id)}]
    method = global_id("payment_method", it.method.id)
    return keyed(customerId=global_id("customer", it.customer), items=items, paymentMethodId=method, **more)


@row("createSubscription")
async def _new_subscription(life: Life) -> Input:
    return new_subscription(await ready(life.runtime, life.sandbox))


@row("createSubscription", "trial")
async def _on_trial(life: Life) -> Input:
    return new_subscription(await ready(life.runtime, life.sandbox), trialDays=14)


@row("createSubscription", "declined")
async def _declined_subscription(life: Life) -> Input:
    return new_subscription(await ready(life.runtime, life.sandbox, card=DECLINES_WHEN_CHARGED))


@row("previewSubscription", operations="")
async def _looked_at(life: Life) -> Input:
    it = await changing.subscribed(life.runtime, life.sandbox)
    return {"change": _change(it, it.dearer)}


def _change(it: changing.Subscribed, price: Price) -> Input:
    return {"subscriptionId": global_id("subscription", it.id), "items": [{"priceId": global_id("price", price.id)}]}


@row("updateSubscription", "dearer, paid at once")
async def _dearer(life: Life) -> Input:
    it = await changing.subscribed(life.runtime, life.sandbox)
    return keyed(**_change(it, it.dearer))


@row("updateSubscription", "previewed")
async def _as_previewed(life: Life) -> Input:
    it = await changing.subscribed(life.runtime, life.sandbox)
    preview = await it.preview(it.dearer)
    return keyed(**_change(it, it.dearer), previewToken=preview.token)


@row("updateSubscription", "cheaper")
async def _cheaper(life: Life) -> Input:
    it = await changing.subscribed(life.runtime, life.sandbox)
    return keyed(**_change(it, it.cheaper))


@row("updateSubscription", "declined")
async def _dearer_and_declined(life: Life) -> Input:
    it = await changing.subscribed(life.runtime, life.sandbox)
    method = await a_method(it, life.sandbox, DECLINES_WHEN_CHARGED)
    return keyed(**_change(it, it.dearer), paymentMethodId=global_id("payment_method", method.id))


@row("updateSubscription", "another method")
async def _another_method(life: Life) -> Input:
    it = await changing.subscribed(life.runtime, life.sandbox)
    method = await a_method(it, life.sandbox, renewing.CARD)
    given = {"subscriptionId": global_id("subscription", it.id)}
    return keyed(**given, paymentMethodId=global_id("payment_method", method.id))


async def a_subscription(life: Life) -> Input:
    await renewing.subscribed(life)
    return {"subscriptionId": global_id("subscription", (await only(life, Subscription)).id)}


@row("cancelSubscription", "now")
async def _canceled(life: Life) -> Input:
    return {**await a_subscription(life), "timing": "NOW"}


@row("cancelSubscription", "period end")
async def _ending(life: Life) -> Input:
    return {**await a_subscription(life), "timing": "PERIOD_END"}


@row("reactivateSubscription")
async def _kept(life: Life) -> Input:
    given = await a_subscription(life)
    ending = CancellationTiming.PERIOD_END
    await subscriptions.cancel(life.runtime, MERCHANT, (await only(life, Subscription)).id, timing=ending, reason=None)
    return given


@row("pauseSubscription")
async def _paused(life: Life) -> Input:
    return await a_subscription(life)


@row("resumeSubscription", "collection")
async def _resumed(life: Life) -> Input:
    given = await a_subscription(life)
    await subscriptions.pause(life.runtime, MERCHANT, (await only(life, Subscription)).id, resumes_at=None)
    return keyed(**given)


@row("resumeSubscription", "stood still")
async def _begun_anew(life: Life) -> Input:
    await standing_still(life)
    return keyed(subscriptionId=global_id("subscription", (await only(life, Subscription)).id))


@row("adoptSubscription")
async def _adopted(life: Life) -> Input:
    it = await imported(life, trial_period_days=14)
    found = global_id("subscription", (await only(life, Subscription)).id)
    return {"subscriptionId": found, "consentId": global_id("consent", it.consent.id)}
