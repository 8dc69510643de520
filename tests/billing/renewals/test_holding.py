"""Renewals are collected while the consent covers them, and stopped or held where it does not."""

from datetime import timedelta

from billing import mirror, stopping
from billing.applier import stop_expired, sweep_drafts
from billing.tables import Consent, Invoice
from tests.billing.life import Life
from tests.billing.ready import Ready, every
from tests.billing.renewing import (
    holds,
    invoices,
    paid,
    reasons,
    revoke,
    revoke_and_stop,
    statuses,
    subscribed,
    subscription_of,
    to_the_draft,
)


async def test_a_renewal_within_the_consent_is_collected(life: Life) -> None:
    await subscribed(life)
    draft = await to_the_draft(life)
    assert (draft["status"], draft["auto_advance"]) == ("draft", True)
    await life.advance(hours=2)
    assert await statuses(life.runtime) == ["paid", "paid"]
    assert await holds(life.runtime) == []


async def test_what_was_revoked_in_the_period_is_never_charged_again(life: Life) -> None:
    it = await subscribed(life)
    await revoke_and_stop(it)
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["pause_collection"]["behavior"] == "keep_as_draft"
    await life.advance(days=95)
    assert await statuses(life.runtime) == ["paid", "draft", "draft", "draft"]
    assert await reasons(life.runtime) == ["CONSENT_REQUIRED"] * 3


async def test_a_draft_that_waits_to_be_finalized_is_held_when_its_consent_is_revoked(life: Life) -> None:
    it = await subscribed(life)
    await to_the_draft(life)
    await revoke_and_stop(it)
    assert (await invoices(life.runtime))[-1]["auto_advance"] is False
    await life.advance(days=20)
    assert await statuses(life.runtime) == ["paid", "draft"]
    assert await reasons(life.runtime) == ["CONSENT_REQUIRED"]


async def test_a_consent_whose_time_is_over_stops_what_rests_on_it(life: Life) -> None:
    it = await subscribed(life)
    await expire(life, it.consent, days=10)
    await life.advance(days=9)
    assert await stop_expired(life.runtime) == 0
    await life.advance(days=2)
    assert await stop_expired(life.runtime) == 1
    assert await stop_expired(life.runtime) == 0, "once"
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["pause_collection"]["behavior"] == "keep_as_draft"
    await life.advance(days=40)
    assert await statuses(life.runtime) == ["paid", "draft"]


async def expire(life: Life, consent: Consent, **span: float) -> None:
    async with life.runtime.database.transaction() as session:
        kept = await session.get_one(Consent, consent.id)
        kept.expires_at = life.runtime.clock() + timedelta(**span)
        session.add(kept)


async def test_a_consent_that_ends_before_the_draft_is_finalized_covers_it_no_longer(life: Life) -> None:
    it = await subscribed(life)
    end = (await subscription_of(it)).current_period_end
    assert end is not None
    await expire(life, it.consent, seconds=(end - life.runtime.clock()).total_seconds() + 1800)
    draft = await to_the_draft(life)
    assert (draft["status"], draft["auto_advance"]) == ("draft", False)
    await life.advance(days=3)
    assert await statuses(life.runtime) == ["paid", "draft"]


async def test_a_revocation_that_was_not_carried_out_yet_holds_the_draft_all_the_same(life: Life) -> None:
    """The process dies right after the commit: neither the pause nor anything else has reached Stripe."""
    it = await subscribed(life)
    await revoke(it)
    draft = await to_the_draft(life)
    assert draft["auto_advance"] is False
    await life.sweep()
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["pause_collection"]["behavior"] == "keep_as_draft"
    await life.advance(days=2)
    assert await paid(life.runtime) == 1500


async def test_a_revocation_twice_stops_once(life: Life) -> None:
    it = await subscribed(life)
    first, again = await revoke(it), await revoke(it)
    await stopping.carry_out(life.runtime, first + again)
    await stopping.carry_out(life.runtime, again)
    assert len(await holds(life.runtime)) == 1


async def test_the_sweep_finds_drafts_whose_event_was_dropped(life: Life) -> None:
    it = await subscribed(life)
    await revoke(it)
    end = (await subscription_of(it)).current_period_end
    assert end is not None
    life.sandbox.advance_to(end + timedelta(minutes=10))
    dropped = await life.new_events()
    assert "invoice.created" in [each["type"] for each in dropped]
    assert await sweep_drafts(life.runtime) == 1
    [draft] = [each for each in await invoices(life.runtime) if each["status"] == "draft"]
    assert draft["auto_advance"] is False
    assert await reasons(life.runtime) == ["CONSENT_REQUIRED"]
    await life.advance(days=2)
    assert await paid(life.runtime) == 1500


async def test_the_sweep_decides_on_what_was_finalized_undecided(life: Life) -> None:
    """Nothing was looked at for a month: what was charged meanwhile is within the consent, or is shown."""
    it = await subscribed(life)
    life.sandbox.advance(days=40)
    await learn_without_deciding(life, it)
    assert await sweep_drafts(life.runtime) == 1
    [_, renewal] = await every(life.runtime, Invoice)
    assert (renewal.status, renewal.judged_as) == ("paid", "paid")
    assert await sweep_drafts(life.runtime) == 0


async def learn_without_deciding(life: Life, it: Ready) -> None:
    for each in await it.at_stripe("invoices"):
        path = f"/v1/invoices/{each['id']}"
        answer = await life.runtime.gateway.get(path, expand=["payments.data.payment.payment_intent"])
        async with life.runtime.database.transaction() as session:
            await mirror.record(session, answer, now=life.runtime.clock())
