"""Subscriptions: paid once, within the consent, or nothing left behind."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from billing import payment_methods
from billing.callers import Caller
from billing.errors import (
    AuthenticationRequired,
    ConsentScopeExceeded,
    IdempotencyMismatch,
    InvalidInput,
    NotAllowed,
    NotFound,
    PaymentDeclined,
    PaymentMethodUnusable,
)
from billing.runtime import Runtime
from billing.subscriptions import Created, Item
from billing.tables import Invoice, Payment, PaymentMethod, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_customer, a_price, an_open_session, caught_up, unique
from tests.billing.ready import Ready, every, ready
from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import SandboxClient

DECLINES_WHEN_CHARGED = "4000000000000341"
WANTS_AUTHENTICATION = "4000002760003184"


@pytest.mark.parametrize("card", [None, "4242424242424242"])
async def test_the_first_invoice_is_paid_with_the_saved_method(
    runtime: Runtime, sandbox: RunningSandbox, card: str | None
) -> None:
    it = await ready(runtime, sandbox, card=card)
    created = await it.subscribe()
    [subscription] = await every(runtime, Subscription)
    [invoice] = await every(runtime, Invoice)
    [payment] = await every(runtime, Payment)
    assert created == Created(subscription.id, payment.id, None)
    assert (subscription.status, subscription.managed, subscription.consent_id) == ("active", True, it.consent.id)
    assert (invoice.status, invoice.amount_paid, invoice.currency) == ("paid", 1500, "USD")
    assert (payment.status, payment.amount, payment.consent_id) == ("succeeded", 1500, it.consent.id)
    [there] = await it.at_stripe("subscriptions")
    assert there["metadata"]["assent_consent_digest"]
    assert there["default_payment_method"] == it.method.stripe_id


async def test_twenty_at_once_with_one_key_pay_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    made = await asyncio.gather(*(it.subscribe(key=key) for _ in range(20)))
    assert len(set(made)) == 1
    assert [each["status"] for each in await it.at_stripe("subscriptions")] == ["active"]
    assert [each["status"] for each in await it.at_stripe("payment_intents")] == ["succeeded"]
    with pytest.raises(IdempotencyMismatch):
        await it.subscribe(key=key, items=[Item(it.price.id, 2)])


async def test_twenty_at_once_with_keys_of_their_own_make_as_many_as_the_consent_carries(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await ready(runtime, sandbox, subscriptions=2)
    made = await asyncio.gather(*(it.subscribe() for _ in range(20)), return_exceptions=True)
    assert len([each for each in made if isinstance(each, Created) and each.error is None]) == 2
    assert len([each for each in made if isinstance(each, ConsentScopeExceeded)]) == 18
    assert len(await it.at_stripe("subscriptions")) == 2


async def test_a_shared_monthly_maximum_is_never_exceeded(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox, monthly="35.00", subscriptions=50)
    await asyncio.gather(*(it.subscribe() for _ in range(10)), return_exceptions=True)
    paid = [each for each in await it.at_stripe("invoices") if each["status"] == "paid"]
    assert sum(each["amount_paid"] for each in paid) <= 3500
    assert all(each["status"] in ("paid", "void") for each in await it.at_stripe("invoices"))


async def test_a_declined_payment_leaves_nothing_active_and_nothing_payable(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox, card=DECLINES_WHEN_CHARGED), unique("key")
    created = await it.subscribe(key=key)
    assert isinstance(created.error, PaymentDeclined)
    assert (created.error.code, created.error.decline_code) == ("card_declined", "generic_decline")
    assert created.subscription_id is None
    [subscription] = await it.at_stripe("subscriptions")
    [invoice] = await it.at_stripe("invoices")
    [intent] = await it.at_stripe("payment_intents")
    assert subscription["status"] in ("canceled", "incomplete_expired")
    assert (invoice["status"], invoice["amount_paid"]) == ("void", 0)
    assert intent["status"] == "canceled"
    [payment] = await every(runtime, Payment)
    assert created.error.payment_id == payment.id
    # The same key has the same outcome and calls nothing.
    assert await it.subscribe(key=key) == created
    assert len(await it.at_stripe("subscriptions")) == 1
    # The consent is free again for another try under a new key.
    assert isinstance((await it.subscribe()).error, PaymentDeclined)


async def test_a_payment_that_needs_the_customer_waits(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    opened = await a_saved_with_challenge(runtime, sandbox, it)
    created = await it.subscribe(payment_method_id=opened.id)
    assert isinstance(created.error, AuthenticationRequired)
    [subscription] = await every(runtime, Subscription)
    assert (created.subscription_id, subscription.status) == (subscription.id, "incomplete")
    assert created.payment_id is not None
    [payment] = await every(runtime, Payment)
    assert payment.client_secret
    assert [each["amount_paid"] for each in await it.at_stripe("invoices")] == [0]


async def a_saved_with_challenge(runtime: Runtime, sandbox: SandboxClient, it: Ready) -> PaymentMethod:
    """A card that asks for authentication when it is charged with nobody there."""

    opened = await an_open_session(runtime, it.customer, it.consent.id)
    challenge = sandbox.enter_card(opened.stripe_id, WANTS_AUTHENTICATION).headers["location"]
    sandbox.press(challenge, "Complete")
    await caught_up(runtime, opened)
    async with runtime.database.read() as session:
        cards = select(PaymentMethod).where(col(PaymentMethod.stripe_type) == "card")
        return (await session.exec(cards)).one()


async def test_more_than_the_consent_allows_calls_nothing(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox, dollars=31)
    with pytest.raises(ConsentScopeExceeded) as caught:
        await it.subscribe()
    assert caught.value.required.maximum_amount == 3100
    assert await it.at_stripe("subscriptions") == []


async def test_an_invoice_above_the_consent_is_taken_back_unpaid(runtime: Runtime, sandbox: RunningSandbox) -> None:
    """A pending item that nobody told us of makes the first invoice larger than the prices say."""
    it = await ready(runtime, sandbox, maximum="20.00")
    owner = (await it.runtime.gateway.get(f"/v1/payment_methods/{it.method.stripe_id}")).data["customer"]
    sandbox.client().v1.invoice_items.create({"customer": owner, "amount": 900, "currency": "usd"})
    created = await it.subscribe()
    assert isinstance(created.error, ConsentScopeExceeded)
    assert created.error.required.maximum_amount == 2400
    assert created.subscription_id is None
    assert [each["status"] for each in await it.at_stripe("invoices")] == ["void"]
    assert [each["amount_received"] for each in await it.at_stripe("payment_intents")] == [0]


async def test_a_trial_charges_nothing_and_is_held_to_the_consent_all_the_same(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await ready(runtime, sandbox)
    assert (await it.subscribe(trial_days=14)).error is None
    [subscription] = await every(runtime, Subscription)
    assert subscription.status == "trialing"
    assert subscription.trial_end - subscription.created_at == timedelta(days=14)
    assert [each["amount_paid"] for each in await it.at_stripe("invoices")] == [0]
    assert await it.at_stripe("payment_intents") == []
    dear = await a_price(runtime, 31)
    with pytest.raises(ConsentScopeExceeded):
        await it.subscribe(items=[Item(dear.id)], trial_days=14)


async def test_an_unusable_method_is_refused_before_stripe_is_called(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    await payment_methods.detach(runtime, MERCHANT, it.method.id)
    with pytest.raises(PaymentMethodUnusable):
        await it.subscribe()
    with pytest.raises(InvalidInput):
        await it.subscribe(payment_method_id=None)


async def test_the_default_method_is_charged_where_none_is_named(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    method, before = await payment_methods.set_default(runtime, MERCHANT, it.method.id)
    assert (method.id, before) == (it.method.id, None)
    assert (await it.subscribe(payment_method_id=None)).error is None


async def test_a_customer_subscribes_to_self_service_prices_alone(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    own = Caller("CUSTOMER", customer_id=it.customer)
    with pytest.raises(NotAllowed):
        await it.subscribe(caller=own)
    open_to_all = await a_price(runtime, self_service=True)
    with pytest.raises(NotAllowed):
        await it.subscribe(caller=own, items=[Item(open_to_all.id)], metadata={"a": "b"})
    assert (await it.subscribe(caller=own, items=[Item(open_to_all.id)])).error is None
    stranger = Caller("CUSTOMER", customer_id=await a_customer(runtime))
    with pytest.raises(NotFound):
        await it.subscribe(caller=stranger)
