"""A pause by the merchant that a stop for want of a consent falls into: it ends when it was to end."""

from datetime import datetime, timedelta
from typing import Any

from billing import subscriptions
from tests.billing.conftest import MERCHANT
from tests.billing.life import Life
from tests.billing.ready import Ready
from tests.billing.renewing import consent_and_release, paid, revoke_and_stop, subscribed, subscription_of


async def paused(life: Life, *, days: int | None = 45) -> tuple[Ready, datetime | None]:
    it = await subscribed(life)
    until = (life.sandbox.now() + timedelta(days=days)).replace(microsecond=0) if days else None
    await subscriptions.pause(life.runtime, MERCHANT, (await subscription_of(it)).id, resumes_at=until)
    await life.catch_up()
    return it, until


async def at_stripe(it: Ready) -> Any:
    [subscription] = await it.at_stripe("subscriptions")
    return subscription["pause_collection"]


async def test_the_pause_is_put_back_with_its_end(life: Life) -> None:
    it, until = await paused(life)
    assert until is not None
    await revoke_and_stop(it)
    await life.catch_up()
    assert await at_stripe(it) == {"behavior": "void", "resumes_at": None}
    await life.advance(days=20)
    await consent_and_release(it)
    assert await at_stripe(it) == {"behavior": "void", "resumes_at": int(until.timestamp())}
    await life.catch_up()
    assert (await subscription_of(it)).pause_resumes_at == until
    await life.advance(days=20)
    assert await paid(life.runtime) == 1500
    await life.advance(days=25)
    await life.advance(hours=2)
    assert await paid(life.runtime) == 3000


async def test_a_pause_whose_time_came_meanwhile_is_over_when_a_consent_is_given(life: Life) -> None:
    it, _ = await paused(life)
    await revoke_and_stop(it)
    await life.advance(days=50)
    assert (await at_stripe(it))["behavior"] == "void"
    await consent_and_release(it)
    assert await at_stripe(it) is None
    assert await paid(life.runtime) == 1500, "what was void stays so"


async def test_a_pause_that_was_made_endless_meanwhile_stays_so(life: Life) -> None:
    it, _ = await paused(life)
    await revoke_and_stop(it)
    await subscriptions.pause(life.runtime, MERCHANT, (await subscription_of(it)).id, resumes_at=None)
    await consent_and_release(it)
    assert await at_stripe(it) == {"behavior": "void", "resumes_at": None}


async def test_the_end_of_one_pause_is_not_that_of_another(life: Life) -> None:
    it, _ = await paused(life)
    await revoke_and_stop(it)
    await consent_and_release(it)
    key, subscription = "resumed", await subscription_of(it)
    await subscriptions.resume(life.runtime, MERCHANT, subscription.id, idempotency_key=key)
    await subscriptions.pause(life.runtime, MERCHANT, subscription.id, resumes_at=None)
    await life.catch_up()
    await revoke_and_stop(it)
    await consent_and_release(it)
    assert await at_stripe(it) == {"behavior": "void", "resumes_at": None}
