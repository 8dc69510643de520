"""Invoices that nobody paid, and Stripe gave up: no event tells of the payments behind them."""

from billing import payments
from billing.errors import AuthenticationRequired
from billing.tables import Invoice, InvoicePayment, Subscription
from tests.billing.changing import subscribed
from tests.billing.chargeable import a_challenged_method
from tests.billing.conftest import MERCHANT
from tests.billing.journey import unique
from tests.billing.life import Life
from tests.billing.ready import every
from tests.billing.test_paying_invoices import owing
from tests.comparing import differences

TOLD = ("subscription", "invoice", "invoice_payment", "payment_intent")


async def test_a_first_payment_that_nobody_made_is_known_to_be_canceled(life: Life) -> None:
    owes = await owing(life.runtime, life.sandbox)  # type: ignore[arg-type]
    waits = await payments.pay(life.runtime, MERCHANT, owes.invoice.id, None, idempotency_key=unique("payment"))
    assert isinstance(waits.error, AuthenticationRequired)
    await life.catch_up()
    await life.advance(minutes=15)
    await life.advance(hours=24)
    assert [each.status for each in await every(life.runtime, Invoice)] == ["void"]
    assert [each.status for each in await every(life.runtime, InvoicePayment)] == ["canceled"]
    assert await differences(life.runtime, types=TOLD) == []


async def test_the_payment_of_a_change_that_has_expired_is_known_to_be_canceled(life: Life) -> None:
    it = await subscribed(life.runtime, life.sandbox)
    asks = await a_challenged_method(life.runtime, life.sandbox, it.ready.customer, it.ready.consent.id)
    updated = await it.update(it.dearer, payment_method_id=asks.id)
    assert isinstance(updated.error, AuthenticationRequired)
    await life.catch_up()
    await life.advance(minutes=15)
    await life.advance(hours=24)
    assert (await it.at_stripe())["pending_update"] is None
    assert [each.status for each in await every(life.runtime, Subscription)] == ["active"]
    assert sorted(each.status for each in await every(life.runtime, InvoicePayment)) == ["canceled", "paid"]
    assert await differences(life.runtime, types=TOLD) == []
