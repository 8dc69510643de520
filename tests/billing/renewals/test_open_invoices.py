"""Open invoices, which Stripe goes on trying to collect: only for as long as a consent covers them."""

from datetime import timedelta
from typing import Any

import pytest

from billing import subscriptions
from billing.applier import stop_expired
from billing.tables import Consent
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_saved_method
from tests.billing.life import Life
from tests.billing.ready import Ready
from tests.billing.renewals.test_others import raise_price
from tests.billing.renewing import (
    change,
    consent_and_release,
    invoices,
    paid,
    revoke,
    revoke_and_stop,
    subscribed,
    subscription_of,
    to_the_draft,
)

DECLINES_WHEN_CHARGED = "4000000000000341"
UNTIL_RETRIED = {"days": 12}


async def owing(life: Life, *, late: bool = False, extra: int = 0) -> Ready:
    """Its second month was declined, and any later try would succeed; `late`: no event has told of that month yet."""
    it = await subscribed(life)
    bad = await a_saved_method(life.runtime, life.sandbox, it.customer, it.consent.id, card=DECLINES_WHEN_CHARGED)
    await charge_to(life, it, bad.stripe_id)
    await life.catch_up()
    if extra:
        subscription = (await it.at_stripe("subscriptions"))[0]
        of = {"customer": subscription["customer"], "subscription": subscription["id"]}
        await change(life.runtime, "/v1/invoiceitems", {**of, "amount": extra, "currency": "usd"})
    if late:
        end = (await subscription_of(it)).current_period_end
        assert end is not None
        life.sandbox.advance_to(end + timedelta(hours=2))
    else:
        await to_the_draft(life)
        await life.advance(hours=2)
    await charge_to(life, it, it.method.stripe_id)
    if not late:
        await life.catch_up()
    assert (await last(life))["status"] == "open"
    assert (await last(life))["auto_advance"] is True
    return it


async def charge_to(life: Life, it: Ready, method: str) -> None:
    """From now on the subscription is charged to this."""
    path = f"/v1/subscriptions/{(await subscription_of(it)).stripe_id}"
    await change(life.runtime, path, {"default_payment_method": method})


async def last(life: Life) -> dict[str, Any]:
    return (await invoices(life.runtime))[-1]


async def expire(life: Life, it: Ready, **span: float) -> None:
    """The consent's time is over after so long."""
    async with life.runtime.database.transaction() as session:
        kept = await session.get_one(Consent, it.consent.id)
        kept.expires_at = life.runtime.clock() + timedelta(**span)
        session.add(kept)


async def test_what_its_consent_covers_is_tried_again(life: Life) -> None:
    await owing(life)
    await life.advance(**UNTIL_RETRIED)
    assert await paid(life.runtime) == 3000


async def test_it_is_not_collected_after_the_revocation(life: Life) -> None:
    it = await owing(life)
    await revoke_and_stop(it)
    await life.advance(**UNTIL_RETRIED)
    assert (await last(life))["status"] == "open"
    assert await paid(life.runtime) == 1500


async def test_news_of_it_that_come_after_the_revocation_stop_it_too(life: Life) -> None:
    """At the revocation nothing here knew of an open invoice."""
    it = await owing(life, late=True)
    await revoke_and_stop(it)
    await life.catch_up()
    await life.advance(**UNTIL_RETRIED)
    assert (await last(life))["status"] == "open"
    assert await paid(life.runtime) == 1500


async def test_others_who_let_it_be_collected_again_are_overruled(life: Life) -> None:
    it = await owing(life)
    await revoke_and_stop(it)
    for _ in range(2):
        await change(life.runtime, f"/v1/invoices/{(await last(life))['id']}", {"auto_advance": True})
        await life.catch_up()
        assert (await last(life))["auto_advance"] is False
    await life.advance(**UNTIL_RETRIED)
    assert await paid(life.runtime) == 1500


@pytest.mark.parametrize("known", ["by the sweep", "by an event", "while it is stopped already"])
async def test_it_is_not_collected_after_the_consent_has_expired(life: Life, known: str) -> None:
    it = await owing(life)
    await expire(life, it, hours=1)
    if known == "while it is stopped already":
        await raise_price(life, it)
    life.sandbox.advance(hours=2)
    if known == "by an event":
        path = f"/v1/subscriptions/{(await subscription_of(it)).stripe_id}"
        await change(life.runtime, path, {"metadata": {"shelf": "7"}})
        await life.catch_up()
    await stop_expired(life.runtime)
    await life.catch_up()
    await life.advance(**UNTIL_RETRIED)
    assert (await last(life))["status"] == "open"
    assert await paid(life.runtime) == 1500


async def test_a_narrower_consent_stops_what_it_does_not_cover(life: Life) -> None:
    """The subscription itself is within it; what was added to that month is not."""
    it = await owing(life, extra=1000)
    await consent_and_release(it, "20.00")
    await life.catch_up()
    await life.advance(**UNTIL_RETRIED)
    assert ((await last(life))["status"], (await last(life))["amount_due"]) == ("open", 2500)
    assert await paid(life.runtime) == 1500
    await life.advance(days=20)
    await life.advance(hours=2)
    assert await paid(life.runtime) == 3000, "renewals go on"


async def test_a_revocation_that_was_not_carried_out_yet_stops_it_all_the_same(life: Life) -> None:
    it = await owing(life)
    await revoke(it)
    await life.sweep()
    await life.advance(**UNTIL_RETRIED)
    assert await paid(life.runtime) == 1500


async def test_a_price_above_the_consent_leaves_what_was_within_it(life: Life) -> None:
    it = await owing(life)
    await raise_price(life, it)
    await life.advance(**UNTIL_RETRIED)
    assert await paid(life.runtime) == 3000


async def test_a_pause_by_the_merchant_leaves_it_due(life: Life) -> None:
    """As Stripe has it: https://docs.stripe.com/billing/subscriptions/pause-payment."""
    it = await owing(life)
    await subscriptions.pause(life.runtime, MERCHANT, (await subscription_of(it)).id, resumes_at=None)
    await life.advance(**UNTIL_RETRIED)
    assert await paid(life.runtime) == 3000
