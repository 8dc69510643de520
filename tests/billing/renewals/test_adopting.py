"""Subscriptions that were made elsewhere: left alone until they are adopted, held to their consent from then on."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from billing import renewals, subscriptions
from billing.applier import sweep_drafts
from billing.errors import (
    BillingError,
    ConsentRequired,
    ConsentScopeExceeded,
    InvalidTransition,
    NotFound,
    PaymentMethodUnusable,
)
from billing.subscriptions import CancellationTiming
from billing.tables import Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent, a_customer, a_saved_method
from tests.billing.life import Life
from tests.billing.ready import Ready, every, ready
from tests.billing.renewing import (
    CARD,
    change,
    consent_and_release,
    holds,
    invoices,
    paid,
    reasons,
    revoke_and_stop,
    statuses,
    subscription_of,
    to_the_draft,
)


async def imported(life: Life, *, own_method: bool = True, dollars: int = 15, **params: object) -> Ready:
    """Somebody has made it at Stripe, and charges it to the customer's default method or to its own."""
    it = await ready(life.runtime, life.sandbox, card=CARD, dollars=dollars)
    owner = (await life.runtime.gateway.get(f"/v1/payment_methods/{it.method.stripe_id}")).data["customer"]
    if own_method:
        params["default_payment_method"] = it.method.stripe_id
    else:
        default = {"invoice_settings": {"default_payment_method": it.method.stripe_id}}
        await change(life.runtime, f"/v1/customers/{owner}", default)
    wanted = {"customer": owner, "items": [{"price": it.price.stripe_id}], **params}
    await change(life.runtime, "/v1/subscriptions", wanted)
    await life.catch_up()
    return it


async def adopt(it: Ready, consent_id: UUID | None = None) -> Subscription:
    found = await subscription_of(it)
    await renewals.adopt(it.runtime, MERCHANT, found.id, consent_id=consent_id or it.consent.id)
    return await subscription_of(it)


async def test_until_it_is_adopted_it_is_mirrored_and_left_alone(life: Life) -> None:
    it = await imported(life, dollars=90)
    await revoke_and_stop(it)
    found = await subscription_of(it)
    assert (found.managed, found.consent_id) == (False, None)
    draft = await to_the_draft(life)
    assert draft["auto_advance"] is True
    assert await sweep_drafts(life.runtime) == 0
    await life.advance(hours=2)
    assert await paid(life.runtime) == 18000
    assert await holds(life.runtime) == []


@pytest.mark.parametrize("own_method", [True, False])
async def test_an_adopted_one_is_held_to_its_consent(life: Life, *, own_method: bool) -> None:
    it = await imported(life, own_method=own_method)
    found = await adopt(it)
    assert (found.managed, found.consent_id) == (True, it.consent.id)
    assert found.payment_method_stripe_id == it.method.stripe_id
    [there] = await it.at_stripe("subscriptions")
    assert there["metadata"]["assent_id"] == str(found.id)
    assert there["metadata"]["assent_consent"] == str(it.consent.id)
    assert there["metadata"]["assent_consent_digest"]
    await life.advance(days=32)
    assert await statuses(life.runtime) == ["paid", "paid"]
    await revoke_and_stop(it)
    await life.advance(days=32)
    assert await statuses(life.runtime) == ["paid", "paid", "draft"]
    await consent_and_release(it)
    assert await statuses(life.runtime) == ["paid", "paid", "paid"]


async def test_a_draft_that_was_there_before_is_checked(life: Life) -> None:
    it = await imported(life)
    [subscription] = await it.at_stripe("subscriptions")
    item = {"customer": subscription["customer"], "amount": 5000, "currency": "usd", "subscription": subscription["id"]}
    await change(life.runtime, "/v1/invoiceitems", item)
    draft = await to_the_draft(life)
    assert (draft["amount_due"], draft["auto_advance"]) == (6500, True)
    await adopt(it)
    await life.sweep()
    assert (await invoices(life.runtime))[-1]["auto_advance"] is False
    assert await reasons(life.runtime) == ["CONSENT_SCOPE_EXCEEDED"]


async def test_adopted_again_it_is_a_success_that_calls_nothing(life: Life) -> None:
    it = await imported(life)
    await adopt(it)
    before = (await it.at_stripe("subscriptions"))[0]
    await adopt(it)
    assert (await it.at_stripe("subscriptions"))[0] == before


async def refusal(it: Ready, consent_id: UUID | None = None) -> BillingError:
    with pytest.raises(BillingError) as refused:
        await adopt(it, consent_id)
    assert [each.managed for each in await every(it.runtime, Subscription)] == [False]
    assert "assent_id" not in (await it.at_stripe("subscriptions"))[0]["metadata"]
    return refused.value


async def test_a_consent_that_does_not_go_so_far_is_refused(life: Life) -> None:
    it = await imported(life, dollars=31)
    assert isinstance(error := await refusal(it), ConsentScopeExceeded)
    assert error.required.maximum_amount == 3100
    await revoke_and_stop(it)
    assert isinstance(await refusal(it), ConsentRequired)
    assert isinstance(await refusal(it, uuid4()), NotFound)
    other = await a_customer(life.runtime)
    foreign = await a_consent(life.runtime, other)
    assert isinstance(await refusal(it, foreign.id), NotFound)


async def test_a_method_that_no_consent_was_given_for_is_refused(life: Life) -> None:
    it = await imported(life)
    [subscription] = await it.at_stripe("subscriptions")
    attach = {"customer": subscription["customer"]}
    foreign = await change(life.runtime, "/v1/payment_methods/pm_card_visa/attach", attach)
    path = f"/v1/subscriptions/{subscription['id']}"
    await change(life.runtime, path, {"default_payment_method": foreign["id"]})
    await life.catch_up()
    assert isinstance(await refusal(it), PaymentMethodUnusable)


async def test_one_that_has_ended_is_refused(life: Life) -> None:
    it = await imported(life)
    found = await subscription_of(it)
    await subscriptions.cancel(life.runtime, MERCHANT, found.id, timing=CancellationTiming.NOW, reason=None)
    assert isinstance(await refusal(it), InvalidTransition)


async def test_a_trial_is_adopted_without_a_method(life: Life) -> None:
    it = await ready(life.runtime, life.sandbox, card=CARD)
    owner = (await life.runtime.gateway.get(f"/v1/payment_methods/{it.method.stripe_id}")).data["customer"]
    wanted = {"customer": owner, "items": [{"price": it.price.stripe_id}], "trial_period_days": 10}
    await change(life.runtime, "/v1/subscriptions", wanted)
    await life.catch_up()
    found = await adopt(it)
    assert (found.managed, found.payment_method_stripe_id) == (True, None)
    end = found.trial_end
    assert end is not None
    await life.advance_to(end + timedelta(minutes=5))
    await life.advance(hours=2)
    assert await paid(life.runtime) == 0
    method = await a_saved_method(life.runtime, life.sandbox, it.customer, it.consent.id, card=CARD)
    assert method.detached_at is None


async def test_two_at_once_do_not_share_what_the_consent_carries_once(life: Life) -> None:
    it = await imported(life)
    owner = (await it.at_stripe("subscriptions"))[0]["customer"]
    second = {
        "customer": owner,
        "items": [{"price": it.price.stripe_id}],
        "default_payment_method": it.method.stripe_id,
    }
    await change(life.runtime, "/v1/subscriptions", second)
    await life.catch_up()
    both = [each.id for each in await every(life.runtime, Subscription)]
    outcomes = await asyncio.gather(
        *(renewals.adopt(life.runtime, MERCHANT, each, consent_id=it.consent.id) for each in both),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["ConsentScopeExceeded", "UUID"]
    assert sorted(each.managed for each in await every(life.runtime, Subscription)) == [False, True]
