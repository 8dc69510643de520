"""Consents that end or allow again, disputes, and what the sweeps do by themselves."""

from dataclasses import replace
from typing import Any

from billing.tables import Consent, Payment, Subscription
from schema.nodes import global_id
from tests.billing import renewing
from tests.billing.chargeable import WANTS_AUTHENTICATION, chargeable
from tests.billing.journey import (
    an_open_session,
)
from tests.billing.life import Life
from tests.billing.ready import Ready
from tests.billing.renewals.test_others import paid_outside, raise_price
from tests.billing.test_disputes import disputed
from tests.crashes.declaring import Input, background, keyed, only, row, usd

# Consents that end, and that let go on what was held.


@row("revokeConsent", operations="expireSetupSession stopSubscription")
async def _revoked(life: Life) -> Input:
    it = await renewing.subscribed(life)
    await an_open_session(life.runtime, it.customer, it.consent.id)
    return {"consentId": global_id("consent", it.consent.id)}


def consent_to(it: Ready, maximum: str, **more: Any) -> Input:
    scope = {
        "usage": "RECURRING",
        "interval": {"unit": "MONTH", "count": 1},
        "currency": "USD",
        "maximumAmount": usd(maximum),
    }
    whose = {"customerId": global_id("customer", it.customer), "termsId": global_id("terms", it.consent.terms_id)}
    return keyed(**whose, accepted=True, scope=scope, **more)


@row("recordConsent", "that covers less", operations="stopSubscription")
async def _less_allowed(life: Life) -> Input:
    return consent_to(await renewing.subscribed(life), "10.00")


@row("recordConsent", "that releases a renewal", operations="resumeCollection releaseInvoice")
async def _allowed_again(life: Life) -> Input:
    it = await renewing.subscribed(life)
    await renewing.revoke_and_stop(it)
    await renewing.to_the_draft(life)
    await life.sweep()
    named = global_id("subscription", (await only(life, Subscription)).id)
    return consent_to(it, "30.00", subscriptionId=named)


@row("submitDisputeEvidence")
async def _answered(life: Life) -> Input:
    _, dispute = await disputed(life.runtime, life.sandbox)  # type: ignore[arg-type]
    return keyed(disputeId=global_id("dispute", dispute.id))


# What nobody asks for.


@background("holdInvoice")
async def _renewal_outside(life: Life) -> None:
    await renewing.subscribed(life)
    draft = await renewing.to_the_draft(life)
    item = {"customer": draft["customer"], "invoice": draft["id"], "amount": 2000, "currency": "usd"}
    await renewing.change(life.runtime, "/v1/invoiceitems", item)
    await life.store(await life.new_events())


@background("stopSubscription")
async def _over(life: Life) -> None:
    await renewing.subscribed(life)
    async with life.runtime.database.transaction() as session:
        kept = await session.get_one(Consent, (await only(life, Consent)).id)
        kept.expires_at = life.runtime.clock()
        session.add(kept)


@background("resumeCollection")
async def _put_back(life: Life) -> None:
    it = await renewing.subscribed(life)
    await raise_price(life, it)
    [subscription] = await it.at_stripe("subscriptions")
    items = [{"id": subscription["items"]["data"][0]["id"], "price": it.price.stripe_id}]
    change = {"items": items, "proration_behavior": "none"}
    await renewing.change(life.runtime, f"/v1/subscriptions/{subscription['id']}", change)
    await life.store(await life.new_events())


@background("refundOutsideConsent")
async def _charged_by_others(life: Life) -> None:
    await paid_outside(life)
    life.runtime = replace(life.runtime, refund_outside_consent=True)
    await life.store(await life.new_events())


@background("giveUpPayment")
async def _never_confirmed(life: Life) -> None:
    it = await chargeable(life.runtime, life.sandbox, card=WANTS_AUTHENTICATION)
    assert (await it.charge()).payment_id
    assert (await only(life, Payment)).confirm_by
    life.sandbox.advance(hours=23.5)
