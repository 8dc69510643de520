"""Open invoices paid at once: held to the consent, with the method that is named, once."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from billing import consents, operations, payments
from billing.callers import Caller
from billing.errors import (
    AuthenticationRequired,
    ConsentRequired,
    ConsentScopeExceeded,
    InvalidTransition,
    NotAllowed,
    NotFound,
    PaymentDeclined,
    PaymentMethodUnusable,
    Scope,
    StripeRejected,
    StripeUnavailable,
)
from billing.operations import Call, running
from billing.operations.taking import take
from billing.payments import PAY, Paid
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Consent, Hold, Invoice, Operation, Payment, Subscription
from tests.billing.chargeable import DECLINES_WHEN_CHARGED, a_challenged_method, allowed
from tests.billing.conftest import MERCHANT
from tests.billing.faults import hours_later, kept_fault, refusing, unreachable
from tests.billing.journey import a_customer, a_saved_method, unique
from tests.billing.ready import Ready, every, ready
from tests.running_sandbox import RunningSandbox


@dataclass
class Owing:
    """A subscription of 15 USD whose first invoice is not paid, because the bank wants to hear the customer."""

    it: Ready
    invoice: Invoice

    async def pay(
        self,
        *,
        key: str | None = None,
        method: UUID | None = None,
        caller: Caller = MERCHANT,
        on: Runtime | None = None,
    ) -> Paid:
        key, runtime = key or unique("payment"), on or self.it.runtime
        return await payments.pay(runtime, caller, self.invoice.id, method or self.it.method.id, idempotency_key=key)

    async def paid(self) -> list[int]:
        """What was received at Stripe, by payment."""
        return [each["amount_received"] for each in await self.it.at_stripe("payment_intents")]

    async def sent(self, key: str, *, step: str = "done") -> Operation:
        """Leaves the payment as a process does that is killed, before it sends or before it writes the answer down."""
        runtime = self.it.runtime
        intent = {"invoice_id": str(self.invoice.id), "payment_method_id": str(self.it.method.id)}
        operation = await take(runtime, PAY, Call("payInvoice", MERCHANT, key, intent, self.it.customer))
        if step == "done":
            await running.ask(runtime, PAY, operation)
        async with runtime.database.transaction() as session:
            kept = await session.get_one(Operation, operation.id)
            kept.due_at = runtime.clock()
            session.add(kept)
        return operation


async def owing(runtime: Runtime, sandbox: RunningSandbox, *, card: str | None = None, **scope: Any) -> Owing:
    """`card` is what it is to be paid with, or an Amazon Pay account."""
    it = await ready(runtime, sandbox, card=card, **scope)
    asks = await a_challenged_method(runtime, sandbox, it.customer, it.consent.id)
    created = await it.subscribe(payment_method_id=asks.id)
    assert isinstance(created.error, AuthenticationRequired)
    [invoice] = await every(runtime, Invoice)
    assert invoice.status == "open"
    return Owing(it, invoice)


async def test_another_method_pays_an_open_invoice(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes, key = await owing(runtime, sandbox), unique("key")
    paid = await owes.pay(key=key)
    [payment] = await every(runtime, Payment)
    assert paid == Paid(owes.invoice.id, payment.id, None)
    assert (payment.status, payment.consent_id) == ("succeeded", owes.it.consent.id)
    [invoice] = await every(runtime, Invoice)
    assert (invoice.status, invoice.amount_paid) == ("paid", 1500)
    assert await owes.pay(key=key) == paid
    assert await owes.pay() == paid, "paid already is a success that calls nothing"
    assert await owes.paid() == [1500]


async def test_twenty_at_once_pay_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes, key = await owing(runtime, sandbox), unique("one")
    made = await asyncio.gather(*(owes.pay() for _ in range(10)), *(owes.pay(key=key) for _ in range(10)))
    assert len(set(made)) == 1
    assert await owes.paid() == [1500]


async def test_a_declined_invoice_stays_open_for_another_try(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes, key = await owing(runtime, sandbox, card=DECLINES_WHEN_CHARGED), unique("key")
    declined = await owes.pay(key=key)
    assert isinstance(declined.error, PaymentDeclined)
    [payment] = await every(runtime, Payment)
    assert declined.payment_id == declined.error.payment_id == payment.id
    assert payment.status == "requires_payment_method"
    assert [each.status for each in await every(runtime, Invoice)] == ["open"]
    assert await owes.pay(key=key) == declined
    other = await a_saved_method(runtime, sandbox, owes.it.customer, owes.it.consent.id)
    assert (await owes.pay(method=other.id)).error is None
    assert await owes.paid() == [1500]


async def test_without_a_method_the_subscriptions_own_is_charged(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes = await owing(runtime, sandbox)
    paid = await payments.pay(runtime, MERCHANT, owes.invoice.id, None, idempotency_key=unique("payment"))
    assert isinstance(paid.error, AuthenticationRequired)
    assert paid.error.payment_id == paid.payment_id is not None
    assert await owes.paid() == [0]


async def test_it_is_held_to_the_consent_as_it_is_now(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes = await owing(runtime, sandbox)
    async with runtime.database.transaction() as session:
        consent = await session.get_one(Consent, owes.it.consent.id)
        consent.maximum_amount = 1499
        session.add(consent)
    with pytest.raises(ConsentScopeExceeded):
        await owes.pay()
    async with runtime.database.transaction() as session:
        await consents.revoke(session, MERCHANT, consent_id=owes.it.consent.id, now=runtime.clock())
    with pytest.raises(ConsentRequired):
        await owes.pay()
    assert await owes.paid() == [0]


async def test_a_held_invoice_waits_for_its_consent(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes = await owing(runtime, sandbox)
    required, [subscription] = Scope("RECURRING", maximum_amount=2000), await every(runtime, Subscription)
    async with runtime.database.transaction() as session:
        hold = Hold(
            created_at=runtime.clock(),
            invoice_stripe_id=owes.invoice.stripe_id,
            subscription_id=subscription.id,
            customer_id=owes.it.customer,
            reason="CONSENT_SCOPE_EXCEEDED",
            message="Ask the customer.",
            required=required.dump(),
        )
        session.add(hold)
    with pytest.raises(ConsentRequired) as caught:
        await owes.pay()
    assert caught.value.required == required
    assert await owes.paid() == [0]


async def test_what_cannot_be_paid_is_refused_before_stripe_is_called(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    owes = await owing(runtime, sandbox)
    with pytest.raises(NotFound):
        await owes.pay(caller=Caller("CUSTOMER", customer_id=await a_customer(runtime)))
    own = Caller("CUSTOMER", customer_id=owes.it.customer)
    unscheduled = await allowed(runtime, owes.it.customer)
    other = await a_saved_method(runtime, sandbox, owes.it.customer, unscheduled.id, card="5555555555554444")
    with pytest.raises(PaymentMethodUnusable):
        await owes.pay(caller=own, method=other.id)
    for status in ("draft", "void"):
        async with runtime.database.transaction() as session:
            invoice = await session.get_one(Invoice, owes.invoice.id)
            invoice.status = status
            session.add(invoice)
        with pytest.raises(InvalidTransition):
            await owes.pay(caller=own)
    assert await owes.paid() == [0]


async def test_what_assent_does_not_manage_it_does_not_pay(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes = await owing(runtime, sandbox)
    async with runtime.database.transaction() as session:
        subscription = await session.get_one(Subscription, (await every(runtime, Subscription))[0].id)
        subscription.managed, subscription.consent_id = False, None
        session.add(subscription)
    with pytest.raises(NotAllowed, match="adopt"):
        await owes.pay()
    assert await owes.paid() == [0]


async def test_an_invoice_that_the_customer_has_paid_meanwhile_is_paid(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    """Which no event has told of yet."""
    owes = await owing(runtime, sandbox)
    params = {"payment_method": owes.it.method.stripe_id}
    await runtime.gateway.send(Request("post", f"/v1/invoices/{owes.invoice.stripe_id}/pay", params))
    assert (await owes.pay()).error is None
    assert await owes.paid() == [1500]


@pytest.mark.parametrize("step", ["reserved", "done"])
async def test_after_a_crash_its_client_pays_once(runtime: Runtime, sandbox: RunningSandbox, step: str) -> None:
    owes, key = await owing(runtime, sandbox), unique("key")
    await owes.sent(key, step=step)
    assert (await owes.pay(key=key)).error is None
    assert await owes.paid() == [1500]


async def test_the_sweep_finds_out_and_pays_nothing(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes, key = await owing(runtime, sandbox), unique("key")
    await owes.sent(key, step="reserved")
    await operations.sweep(runtime, PROCEDURES)
    await operations.sweep(hours_later(runtime, 0.2), PROCEDURES)
    assert await owes.paid() == [0]
    assert [each.status for each in await every(runtime, Operation) if each.mutation == "payInvoice"] == ["RELEASED"]
    await owes.sent(key)
    await operations.sweep(runtime, PROCEDURES)
    assert [each.status for each in await every(runtime, Invoice)] == ["paid"]
    assert (await owes.pay(key=key)).error is None
    assert await owes.paid() == [1500]


async def test_a_consent_that_ends_before_the_sending_stops_it(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes, key = await owing(runtime, sandbox), unique("key")
    await owes.sent(key, step="reserved")
    async with runtime.database.transaction() as session:
        await consents.revoke(session, MERCHANT, consent_id=owes.it.consent.id, now=runtime.clock())
    with pytest.raises(StripeRejected):
        await owes.pay(key=key)
    with pytest.raises(ConsentRequired):
        await owes.pay(key=key)
    assert await owes.paid() == [0]


async def test_silence_and_kept_faults_lead_to_one_payment(runtime: Runtime, sandbox: RunningSandbox) -> None:
    owes, key = await owing(runtime, sandbox), unique("key")
    async with refusing(runtime, sandbox, unreachable) as hindered:
        with pytest.raises(StripeUnavailable):
            await owes.pay(key=key, on=hindered)
    async with refusing(runtime, sandbox, kept_fault("/v1/invoices/", "/pay")) as hindered:
        with pytest.raises(StripeRejected):
            await owes.pay(key=key, on=hindered)
    assert (await owes.pay(key=key)).error is None
    assert await owes.paid() == [1500]
