"""Charges while the customer is away: once, within the consent, and nothing left payable where they fail."""

import asyncio
from datetime import timedelta

import pytest

from billing import consents, payment_methods
from billing.callers import Caller
from billing.errors import (
    AuthenticationRequired,
    ConsentRequired,
    ConsentScopeExceeded,
    IdempotencyMismatch,
    InvalidInput,
    NotFound,
    PaymentDeclined,
    PaymentMethodUnusable,
    StripeRejected,
)
from billing.money import Money
from billing.payments import Charged
from billing.runtime import Runtime
from billing.tables import Consent, Payment
from tests.billing.chargeable import DECLINES_WHEN_CHARGED, WANTS_AUTHENTICATION, Chargeable, allowed, chargeable
from tests.billing.journey import a_consent, a_customer, a_price, a_saved_method, unique
from tests.billing.ready import every
from tests.running_sandbox import RunningSandbox

# Fifty at once keep the one sandbox of a test process busy for a while.
MANY = 50


async def standing(it: Chargeable) -> str:
    async with it.runtime.database.read() as session:
        return consents.status(await session.get_one(Consent, it.consent.id), it.runtime.clock())


@pytest.mark.parametrize("card", [None, "4242424242424242"])
async def test_a_saved_method_is_charged_within_the_consent(
    runtime: Runtime, sandbox: RunningSandbox, card: str | None
) -> None:
    it = await chargeable(runtime, sandbox, card=card)
    charged = await it.charge(1234, description="March", metadata={"order": "7"})
    [payment] = await every(runtime, Payment)
    assert charged == Charged(payment.id, None)
    assert (payment.status, payment.amount, payment.currency) == ("succeeded", 1234, "USD")
    assert (payment.consent_id, payment.description) == (it.consent.id, "March")
    assert (payment.stripe_metadata, payment.payment_method_stripe_id) == ({"order": "7"}, it.method.stripe_id)
    [there] = await it.at_stripe()
    assert there["metadata"]["assent_consent"] == str(it.consent.id)
    assert there["metadata"]["assent_consent_digest"]
    assert await standing(it) == "ACTIVE"


async def test_twenty_at_once_with_one_key_charge_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    made = await asyncio.gather(*(it.charge(key=key) for _ in range(20)))
    assert len(set(made)) == 1
    assert await it.statuses() == ["succeeded"]
    with pytest.raises(IdempotencyMismatch):
        await it.charge(1501, key=key)


async def test_fifty_at_once_never_exceed_a_shared_monthly_maximum(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await chargeable(runtime, sandbox, monthly="100.00", maximum=None)
    amounts = [700 + at for at in range(MANY)]
    made = await asyncio.gather(*(it.charge(cents) for cents in amounts), return_exceptions=True)
    assert {type(each) for each in made} == {Charged, ConsentScopeExceeded}
    paid = [each["amount_received"] for each in await it.at_stripe()]
    assert len(paid) == len([each for each in made if isinstance(each, Charged)])
    assert 10_000 - max(amounts) < sum(paid) <= 10_000


async def test_more_than_the_consent_allows_calls_nothing(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await chargeable(runtime, sandbox, maximum="30.00", monthly="50.00")
    with pytest.raises(ConsentScopeExceeded) as caught:
        await it.charge(3001)
    assert (caught.value.consent_id, caught.value.required.maximum_amount) == (it.consent.id, 3001)
    with pytest.raises(ConsentScopeExceeded):
        await it.charge(amount=Money(100, "EUR"))
    await it.charge(3000)
    with pytest.raises(ConsentScopeExceeded) as caught:
        await it.charge(2001)
    assert caught.value.required.monthly_maximum == 5001
    await it.charge(2000)
    assert await it.statuses() == ["succeeded", "succeeded"]


async def test_a_new_month_begins_with_nothing_spent(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await chargeable(runtime, sandbox, maximum=None, monthly="20.00")
    await it.charge(2000)
    with pytest.raises(ConsentScopeExceeded):
        await it.charge(50)
    later = it.on(Runtime(**{**vars(runtime), "clock": lambda: runtime.clock() + timedelta(days=32)}))
    assert (await later.charge(2000)).error is None


async def test_charges_need_a_consent_to_charges(runtime: Runtime, sandbox: RunningSandbox) -> None:
    """A subscription's consent carries subscriptions only."""
    customer = await a_customer(runtime)
    recurring = await a_consent(runtime, customer)
    method = await a_saved_method(runtime, sandbox, customer, recurring.id)
    it = Chargeable(runtime, customer, recurring, method)
    for named in (None, recurring.id):
        with pytest.raises(ConsentRequired) as caught:
            await it.charge(consent_id=named)
        assert (caught.value.required.usage, caught.value.required.maximum_amount) == ("UNSCHEDULED", 1500)
    consent = await allowed(runtime, customer)
    assert (await it.charge()).error is None
    [payment] = await every(runtime, Payment)
    assert payment.consent_id == consent.id


async def test_a_consent_to_some_products_carries_no_charge_for_anything(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    product = (await a_price(runtime)).product_id
    it = await chargeable(runtime, sandbox, product_ids=[product])
    with pytest.raises(ConsentScopeExceeded):
        await it.charge()
    await it.revoke()
    with pytest.raises(ConsentRequired):
        await it.charge()
    assert await it.at_stripe() == []


async def test_a_declined_payment_is_canceled_before_anybody_is_answered(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await chargeable(runtime, sandbox, card=DECLINES_WHEN_CHARGED, monthly="15.00"), unique("key")
    charged = await it.charge(key=key)
    assert isinstance(charged.error, PaymentDeclined)
    assert (charged.error.code, charged.error.decline_code) == ("card_declined", "generic_decline")
    [payment] = await every(runtime, Payment)
    assert charged.payment_id == charged.error.payment_id == payment.id
    assert (payment.status, payment.failure_code) == ("canceled", "card_declined")
    assert payment.payment_method_stripe_id == it.method.stripe_id
    assert await it.charge(key=key) == charged, "the same key has the same outcome"
    assert await it.statuses() == ["canceled"]
    assert isinstance((await it.charge()).error, PaymentDeclined), "the month is as it was"


async def test_one_payment_uses_up_a_consent_to_one(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await chargeable(runtime, sandbox, "ONE_TIME")
    made = await asyncio.gather(*(it.charge() for _ in range(5)), return_exceptions=True)
    assert len([each for each in made if isinstance(each, Charged)]) == 1
    assert len([each for each in made if isinstance(each, ConsentRequired)]) == 4
    assert await it.statuses() == ["succeeded"]
    assert await standing(it) == "USED"


async def test_a_declined_payment_leaves_a_consent_to_one_as_it_was(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await chargeable(runtime, sandbox, "ONE_TIME", card=DECLINES_WHEN_CHARGED)
    assert isinstance((await it.charge()).error, PaymentDeclined)
    assert await standing(it) == "ACTIVE"
    other = await a_saved_method(runtime, sandbox, it.customer, it.consent.id)
    assert (await it.charge(payment_method_id=other.id)).error is None
    assert await standing(it) == "USED"


async def test_what_stripe_refuses_uses_nothing_up_and_burns_no_key(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await chargeable(runtime, sandbox, "ONE_TIME", maximum=None), unique("key")
    with pytest.raises(StripeRejected) as caught:
        await it.charge(49, key=key)
    assert caught.value.code == "amount_too_small"
    assert await standing(it) == "ACTIVE"
    assert (await it.charge(50)).error is None


async def test_what_cannot_be_charged_is_refused_before_stripe_is_called(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await chargeable(runtime, sandbox)
    for wrong in ({"amount": Money(0, "USD")}, {"amount": Money(5, "usd")}, {"description": " "}, {"metadata": [1]}):
        with pytest.raises(InvalidInput):
            await it.charge(**wrong)
    with pytest.raises(NotFound):
        await it.charge(payment_method_id=None)
    with pytest.raises(NotFound):
        await it.charge(caller=Caller("CUSTOMER", customer_id=await a_customer(runtime)))
    assert await it.at_stripe() == []
    await payment_methods.detach(runtime, Caller.assent(), it.method.id)
    with pytest.raises(PaymentMethodUnusable):
        await it.charge()


async def test_a_payment_that_needs_the_customer_waits(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await waiting(runtime, sandbox)
    [payment] = await every(runtime, Payment)
    assert payment.client_secret
    assert payment.confirm_by == payment.created_at + timedelta(hours=23)
    assert await standing(it) == "USED"


async def waiting(runtime: Runtime, sandbox: RunningSandbox) -> Chargeable:
    """A charge that the bank wants to hear the customer about."""
    it = await chargeable(runtime, sandbox, "ONE_TIME", card=WANTS_AUTHENTICATION)
    charged = await it.charge()
    assert isinstance(charged.error, AuthenticationRequired)
    assert charged.error.payment_id == charged.payment_id is not None
    return it


async def test_a_second_consent_is_not_touched_by_the_first_ones_charge(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await chargeable(runtime, sandbox, "ONE_TIME")
    other = await allowed(runtime, it.customer, "ONE_TIME")
    await it.charge(consent_id=it.consent.id)
    async with runtime.database.read() as session:
        assert (await session.get_one(Consent, other.id)).used_by_id is None
    assert (await it.charge()).error is None


async def test_a_new_agreement_to_the_same_terms_does_not_begin_the_month_anew(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    slug = unique("terms")
    it = await chargeable(runtime, sandbox, monthly="30.00", slug=slug)
    assert (await it.charge(2000)).error is None
    newer = await allowed(runtime, it.customer, monthly="30.00", slug=slug)
    newest = await allowed(runtime, it.customer, monthly="30.00", slug=slug)
    with pytest.raises(ConsentScopeExceeded) as refused:
        await it.charge(1001)
    assert refused.value.required.monthly_maximum == 3001
    charged = await it.charge(1000, consent_id=newer.id)
    [payment] = [each for each in await every(runtime, Payment) if each.id == charged.payment_id]
    assert payment.consent_id == newest.id
