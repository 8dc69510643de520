"""Many at once on one customer: operations are locked before the customer, the customer before Stripe's objects.

On PostgreSQL two that lock in another order than each other end in a deadlock, which is an error of one of them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from billing import customers, subscriptions
from billing.applier import apply_due, sweep_drafts
from billing.consents import redact
from billing.errors import BillingError
from billing.tables import Operation
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent, a_price, unique
from tests.billing.life import Life
from tests.billing.ready import Ready, every, ready
from tests.billing.renewing import consent_and_release, revoke, revoke_and_stop, subscribed, to_the_draft

Act = Callable[[], Awaitable[Any]]


async def at_once(*acts: Act) -> list[BaseException]:
    """All of them; what they failed with, expected failures apart."""
    outcomes = await asyncio.gather(*(act() for act in acts), return_exceptions=True)
    return [each for each in outcomes if isinstance(each, BaseException) and not isinstance(each, BillingError)]


async def test_ten_revocations_of_one_consent(life: Life) -> None:
    it = await subscribed(life)
    assert await at_once(*(lambda: revoke_and_stop(it) for _ in range(10))) == []
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["pause_collection"]["behavior"] == "keep_as_draft"


async def test_redactions_beside_creations_and_changes(life: Life) -> None:
    """The redaction removes values from operations that others are at; whoever is at one wants the customer next."""
    it = await ready(life.runtime, life.sandbox, card="4242424242424242", subscriptions=5)

    async def forget() -> None:
        async with life.runtime.database.transaction() as session:
            await redact(session, MERCHANT, customer_id=it.customer, now=life.runtime.clock())

    async def rename() -> None:
        await customers.update(life.runtime, MERCHANT, it.customer, {"name": unique("name")})

    acts: list[Act] = [forget, it.subscribe, rename] * 4
    assert await at_once(*acts) == []
    assert {each.status for each in await every(life.runtime, Operation)} <= {"SUCCEEDED", "FAILED", "RELEASED"}


async def test_everything_about_one_customer_at_once(life: Life) -> None:
    it = await subscribed(life, subscriptions=3)
    other = await a_price(life.runtime, 5)
    await to_the_draft(life)
    events = await life.new_events()
    await life.store(events)
    found = await every(life.runtime, Operation)
    assert found

    async def apply() -> None:
        await apply_due(life.runtime, now=life.runtime.clock())

    async def again() -> None:
        await a_consent(life.runtime, it.customer)

    acts: list[Act] = [
        lambda: revoke(it),
        apply,
        life.sweep,
        lambda: sweep_drafts(life.runtime),
        lambda: consent_and_release(it),
        again,
        it.subscribe,
        lambda: subscribe_to(it, other.id),
        apply,
        lambda: sweep_drafts(life.runtime),
        life.sweep,
        lambda: revoke_and_stop(it),
    ]
    assert await at_once(*acts, *acts) == []


async def subscribe_to(it: Ready, price: Any) -> None:
    await it.subscribe(items=[subscriptions.Item(price)])
