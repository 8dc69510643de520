"""A consent that names products pays for those alone, whatever else has come onto an invoice."""

import pytest

from billing import mirror, payments, subscriptions
from billing.errors import ConsentScopeExceeded
from billing.stripe_gateway import Request
from billing.subscriptions import Item, SubscriptionChange
from billing.tables import ConsentProduct, Invoice, PaymentMethod, Price
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_price, unique
from tests.billing.life import Life
from tests.billing.ready import Ready, every, ready
from tests.billing.renewing import CARD, change, invoices, paid, statuses, subscription_of
from tests.billing.test_resuming import standing_still


async def limited(it: Ready) -> Price:
    """From now on the consent is for the product of the price alone; a price of another one."""
    async with it.runtime.database.transaction() as session:
        session.add(ConsentProduct(consent_id=it.consent.id, product_id=it.price.product_id))
    return await a_price(it.runtime, 5)


async def waiting(it: Ready, other: Price) -> None:
    """Somebody adds 5 dollars of another product to whatever the customer is billed next."""
    priced = {"currency": "usd", "unit_amount_decimal": "500", "product": await product_of(it, other)}
    [method] = await every(it.runtime, PaymentMethod)
    customer = (await it.runtime.gateway.get(f"/v1/payment_methods/{method.stripe_id}")).data["customer"]
    await change(it.runtime, "/v1/invoiceitems", {"customer": customer, "price_data": priced})


async def product_of(it: Ready, price: Price) -> str:
    found: str = (await it.runtime.gateway.get(f"/v1/prices/{price.stripe_id}")).data["product"]
    return found


async def test_an_open_invoice_of_another_product_is_not_paid(life: Life) -> None:
    """It is known, and nobody has decided on it yet."""
    it = await ready(life.runtime, life.sandbox, card=CARD)
    await it.subscribe()
    other = await limited(it)
    subscription = await subscription_of(it)
    [first] = await invoices(life.runtime)
    of = {"customer": first["customer"], "subscription": subscription.stripe_id}
    priced = {"currency": "usd", "unit_amount_decimal": "500", "product": await product_of(it, other)}
    await change(life.runtime, "/v1/invoiceitems", {**of, "price_data": priced})
    made = await change(life.runtime, "/v1/invoices", of)
    finalize = Request("post", f"/v1/invoices/{made['id']}/finalize", {"auto_advance": False})
    answer = await life.runtime.gateway.send(finalize)
    async with life.runtime.database.transaction() as session:
        row = await mirror.record(session, answer, now=life.runtime.clock())
        assert isinstance(row, Invoice)
    with pytest.raises(ConsentScopeExceeded) as refused:
        await payments.pay(life.runtime, MERCHANT, row.id, None, idempotency_key=unique("payment"))
    assert refused.value.required.product_ids == (other.product_id,)
    assert await statuses(life.runtime) == ["paid", "open"]


async def test_a_first_invoice_with_another_product_is_taken_back(life: Life) -> None:
    it = await ready(life.runtime, life.sandbox, card=CARD)
    await waiting(it, await limited(it))
    created = await it.subscribe()
    assert isinstance(created.error, ConsentScopeExceeded)
    assert await statuses(life.runtime) == ["void"]
    assert await paid(life.runtime) == 0


async def test_a_change_that_bills_another_product_is_refused(life: Life) -> None:
    it = await ready(life.runtime, life.sandbox, card=CARD)
    created = await it.subscribe()
    await life.catch_up()
    await waiting(it, await limited(it))
    wanted = SubscriptionChange(created.subscription_id, items=[Item(it.price.id, 2)])
    with pytest.raises(ConsentScopeExceeded):
        await subscriptions.update(life.runtime, MERCHANT, wanted, idempotency_key=unique("change"))
    assert await paid(life.runtime) == 1500


async def test_what_goes_on_with_another_product_on_its_invoice_is_refused(life: Life) -> None:
    it = await standing_still(life)
    subscription_id = (await subscription_of(it)).id
    await waiting(it, await limited(it))
    before = await paid(life.runtime)
    with pytest.raises(ConsentScopeExceeded):
        await subscriptions.resume(life.runtime, MERCHANT, subscription_id, idempotency_key=unique("resume"))
    assert await paid(life.runtime) == before
