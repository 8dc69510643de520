"""Customers, the catalogue, methods, charges, refunds."""

from typing import Any

from schema.nodes import global_id
from tests.billing import renewing
from tests.billing.chargeable import DECLINES_WHEN_CHARGED, WANTS_AUTHENTICATION, chargeable
from tests.billing.journey import (
    a_consent,
    a_customer,
    a_price,
    an_open_session,
    unique,
)
from tests.billing.life import Life
from tests.billing.ready import ready
from tests.billing.test_paying_invoices import owing
from tests.crashes.declaring import Input, keyed, row, usd

# Customers and the catalogue.


@row("createCustomer")
async def _new_customer(life: Life) -> Input:
    return {"externalId": unique("ada"), "email": "ada@example.com", "name": "Ada"}


@row("updateCustomer")
async def _renamed_customer(life: Life) -> Input:
    return {"customerId": global_id("customer", await a_customer(life.runtime)), "name": "Grace"}


@row("createProduct")
async def _new_product(life: Life) -> Input:
    return keyed(name="Coffee", description="A bag a month")


@row("updateProduct")
async def _renamed_product(life: Life) -> Input:
    price = await a_price(life.runtime)
    return {"productId": global_id("product", price.product_id), "name": "Tea"}


@row("createPrice")
async def _new_price(life: Life) -> Input:
    price = await a_price(life.runtime)
    each_month = {"unit": "MONTH", "count": 1}
    return keyed(productId=global_id("product", price.product_id), unitAmount=usd("19.00"), interval=each_month)


@row("updatePrice")
async def _retired_price(life: Life) -> Input:
    return {"priceId": global_id("price", (await a_price(life.runtime)).id), "active": False}


# Pages and methods.


@row("createSetupSession")
async def _new_page(life: Life) -> Input:
    customer = await a_customer(life.runtime)
    consent = await a_consent(life.runtime, customer)
    whose = {"customerId": global_id("customer", customer), "consentId": global_id("consent", consent.id)}
    pages = {"successUrl": "https://shop.example/done", "cancelUrl": "https://shop.example/back"}
    return keyed(**whose, **pages, types=["CARD", "AMAZON_PAY"], currency="USD")


@row("expireSetupSession")
async def _closed_page(life: Life) -> Input:
    customer = await a_customer(life.runtime)
    opened = await an_open_session(life.runtime, customer, (await a_consent(life.runtime, customer)).id)
    return {"setupSessionId": global_id("setup_session", opened.id)}


@row("setDefaultPaymentMethod")
async def _preferred(life: Life) -> Input:
    return {"paymentMethodId": global_id("payment_method", (await ready(life.runtime, life.sandbox)).method.id)}


@row("detachPaymentMethod")
async def _given_up(life: Life) -> Input:
    return {"paymentMethodId": global_id("payment_method", (await ready(life.runtime, life.sandbox)).method.id)}


# Charges, and what is given back.


async def a_charge(life: Life, usage: str = "UNSCHEDULED", **how: Any) -> Input:
    it = await chargeable(life.runtime, life.sandbox, usage, **how)
    return keyed(paymentMethodId=global_id("payment_method", it.method.id), amount=usd("15.00"))


@row("chargePaymentMethod")
async def _charge(life: Life) -> Input:
    return await a_charge(life)


@row("chargePaymentMethod", "one time")
async def _single_charge(life: Life) -> Input:
    return await a_charge(life, "ONE_TIME")


@row("chargePaymentMethod", "declined")
async def _declined_charge(life: Life) -> Input:
    return await a_charge(life, card=DECLINES_WHEN_CHARGED)


@row("chargePaymentMethod", "to be authenticated")
async def _charge_that_asks(life: Life) -> Input:
    return await a_charge(life, card=WANTS_AUTHENTICATION)


@row("refundPayment")
async def _part_of_a_charge(life: Life) -> Input:
    it = await chargeable(life.runtime, life.sandbox, card=renewing.CARD)
    charged = await it.charge()
    assert charged.payment_id is not None
    return keyed(paymentId=global_id("payment", charged.payment_id), amount=usd("5.00"))


@row("payInvoice")
async def _open_invoice(life: Life) -> Input:
    owes = await owing(life.runtime, life.sandbox)  # type: ignore[arg-type]
    method = global_id("payment_method", owes.it.method.id)
    return keyed(invoiceId=global_id("invoice", owes.invoice.id), paymentMethodId=method)
