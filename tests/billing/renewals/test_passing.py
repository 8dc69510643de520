"""Charges outside the consent whose invoice, payment, and what joins the two are all applied at the same moment."""

import asyncio
import itertools

import pytest

from billing import mirror
from billing.applier.considering import considering
from billing.runtime import Runtime
from billing.stripe_gateway import Answer
from billing.tables import Payment
from tests.billing.journey import a_price
from tests.billing.life import Life
from tests.billing.ready import Ready, every
from tests.billing.renewing import change, reasons, subscribed, subscription_of

KINDS = ("invoice", "invoice_payment", "payment_intent")


async def charge_from_elsewhere(life: Life, it: Ready) -> dict[str, Answer]:
    """What Stripe knows of a charge that nobody here has heard of."""
    [subscription] = await it.at_stripe("subscriptions")
    dearer = await a_price(life.runtime, 90)
    items = [{"id": subscription["items"]["data"][0]["id"], "price": dearer.stripe_id}]
    how = {"items": items, "proration_behavior": "always_invoice"}
    changed = await change(life.runtime, f"/v1/subscriptions/{subscription['id']}", how)
    invoice = await life.runtime.gateway.get(f"/v1/invoices/{changed['latest_invoice']}")
    [joins] = (await life.runtime.gateway.get("/v1/invoice_payments", invoice=invoice.data["id"])).data["data"]
    payment = await life.runtime.gateway.get(f"/v1/payment_intents/{joins['payment']['payment_intent']}")
    joined = Answer(joins, payment.known_from, payment.known_until)
    return dict(zip(KINDS, (invoice, joined, payment), strict=True))


async def learn(runtime: Runtime, answer: Answer, commit: asyncio.Event) -> None:
    now = runtime.clock()
    async with considering(runtime, answer.data, now) as session:
        await mirror.record(session, answer, now=now)
        await commit.wait()


@pytest.mark.parametrize("order", list(itertools.permutations(KINDS)), ids="-".join)
async def test_whichever_commits_last_sees_the_others(life: Life, order: tuple[str, ...]) -> None:
    it = await subscribed(life)
    known = await charge_from_elsewhere(life, it)
    learning, commit = [], asyncio.Event()
    for kind in order:
        learning.append(asyncio.create_task(learn(life.runtime, known[kind], commit)))
        await asyncio.sleep(0.05)  # for it to have learned, or to wait for the one before
    commit.set()
    await asyncio.gather(*learning)
    assert await reasons(life.runtime) == ["CHARGED_OUTSIDE_CONSENT"]
    consent = (await subscription_of(it)).consent_id
    assert {each.consent_id for each in await every(life.runtime, Payment)} == {consent}
