"""What was finalized or paid before anybody here knew is held to the consent of that time, not of today."""

from dataclasses import replace
from datetime import timedelta

from billing.applier import sweep_drafts
from tests.billing.journey import a_saved_method
from tests.billing.life import Life
from tests.billing.ready import Ready
from tests.billing.renewals.test_open_invoices import DECLINES_WHEN_CHARGED, charge_to
from tests.billing.renewing import (
    change,
    consent_again,
    consent_and_release,
    invoices,
    paid,
    reasons,
    statuses,
    subscribed,
    subscription_of,
    to_the_draft,
)


async def renewed_unheard(life: Life, it: Ready) -> None:
    """Stripe has billed the second month; no event has told of it."""
    end = (await subscription_of(it)).current_period_end
    assert end is not None
    life.sandbox.advance_to(end + timedelta(hours=2))


async def test_news_of_a_renewal_that_come_after_a_newer_consent_are_no_charge_outside(life: Life) -> None:
    life.runtime = replace(life.runtime, refund_outside_consent=True)
    it = await subscribed(life)
    it.runtime = life.runtime
    await renewed_unheard(life, it)
    for maximum in ("40.00", "50.00"):
        await consent_and_release(it, maximum)
    await life.catch_up()
    await sweep_drafts(life.runtime)
    await life.catch_up()
    assert await reasons(life.runtime) == []
    assert await life.runtime.gateway.list_all("/v1/refunds") == []
    assert await paid(life.runtime) == 3000


async def test_news_of_a_decline_that_come_after_a_newer_consent_leave_the_invoice_due(life: Life) -> None:
    it = await subscribed(life)
    bad = await a_saved_method(life.runtime, life.sandbox, it.customer, it.consent.id, card=DECLINES_WHEN_CHARGED)
    await charge_to(life, it, bad.stripe_id)
    await life.catch_up()
    await renewed_unheard(life, it)
    await charge_to(life, it, it.method.stripe_id)
    await consent_and_release(it, "40.00")
    await life.catch_up()
    assert await statuses(life.runtime) == ["paid", "open"]
    await life.advance(days=12)
    assert await paid(life.runtime) == 3000


async def test_what_the_narrower_consent_does_not_cover_is_outside_though_the_older_one_did(life: Life) -> None:
    it = await subscribed(life)
    await consent_and_release(it, "30.00")
    await consent_again(it, "20.00")
    await life.advance(minutes=5)
    draft = await to_the_draft(life)
    item = {"customer": draft["customer"], "invoice": draft["id"], "amount": 1000, "currency": "usd"}
    await change(life.runtime, "/v1/invoiceitems", item)
    await change(life.runtime, f"/v1/invoices/{draft['id']}/pay", {})
    await life.catch_up()
    await sweep_drafts(life.runtime)
    assert (await invoices(life.runtime))[-1]["amount_paid"] == 2500
    assert await reasons(life.runtime) == ["CHARGED_OUTSIDE_CONSENT"]
