"""What tests of renewals do again and again: a subscription whose months pass, and what Stripe has of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from billing import consents, stopping
from billing.callers import Caller
from billing.consents import ScopeInput
from billing.operations import Call
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Consent, Hold, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.journey import amount
from tests.billing.life import Life
from tests.billing.ready import Ready, every, ready

CARD = "4242424242424242"


async def subscribed(life: Life, **more: Any) -> Ready:
    """A monthly subscription of 15 dollars, paid for its first month."""
    it = await ready(life.runtime, life.sandbox, card=CARD, **more)
    created = await it.subscribe()
    assert created.error is None
    await life.catch_up()
    return it


async def to_the_draft(life: Life) -> dict[str, Any]:
    """Moves the clock to just after the end of the first subscription's period: the draft that Stripe has made."""
    [subscription, *_] = await every(life.runtime, Subscription)
    await life.advance_to(subscription.current_period_end + timedelta(seconds=60))
    return (await invoices(life.runtime))[-1]


async def invoices(runtime: Runtime) -> list[dict[str, Any]]:
    """All of Stripe's, oldest first."""
    return list(reversed(await runtime.gateway.list_all("/v1/invoices")))


async def statuses(runtime: Runtime) -> list[str]:
    return [each["status"] for each in await invoices(runtime)]


async def paid(runtime: Runtime) -> int:
    """In cents, by all who pay here."""
    return sum(each["amount_paid"] for each in await invoices(runtime))


async def holds(runtime: Runtime) -> list[Hold]:
    """What is held now, oldest first."""
    statement = select(Hold).where(col(Hold.ended_at).is_(None)).order_by(col(Hold.created_at), col(Hold.id))
    async with runtime.database.read() as session:
        return list((await session.exec(statement)).all())


async def reasons(runtime: Runtime) -> list[str]:
    """Of what is held for an invoice."""
    return [each.reason for each in await holds(runtime) if each.invoice_stripe_id]


async def subscription_of(it: Ready) -> Subscription:
    statement = select(Subscription).where(Subscription.customer_id == it.customer)
    async with it.runtime.database.read() as session:
        return (await session.exec(statement)).one()


async def revoke(it: Ready, caller: Caller = MERCHANT) -> list[Call]:
    """Commits the revocation, and leaves what follows to whoever carries it out."""
    now = it.runtime.clock()
    async with it.runtime.database.transaction() as session:
        revoked = await consents.revoke(session, caller, consent_id=it.consent.id, now=now)
        return await stopping.order(
            session, it.consent.id, stopped=revoked.subscriptions, expired=revoked.setup_sessions, now=now
        )


async def revoke_and_stop(it: Ready) -> None:
    await stopping.carry_out(it.runtime, await revoke(it))


async def consent_again(
    it: Ready, maximum: str = "30.00", *, subscription_id: UUID | None = None, monthly: str | None = None
) -> list[Call]:
    """A newer consent that names the subscription; what follows is ordered."""
    now = it.runtime.clock()
    scope = ScopeInput(
        usage="RECURRING",
        interval_unit="month",
        interval_count=1,
        currency="USD",
        maximum_amount=amount(maximum),
        monthly_maximum=amount(monthly),
    )
    named = subscription_id or (await subscription_of(it)).id
    async with it.runtime.database.transaction() as session:
        granted = await consents.record(
            session,
            MERCHANT,
            customer_id=it.customer,
            terms_id=it.consent.terms_id,
            scope=scope,
            accepted=True,
            subscription_id=named,
            now=now,
        )
        it.consent = await session.get_one(Consent, granted.consent.id)
        return await stopping.order(
            session,
            granted.consent.id,
            stopped=granted.stopped,
            expired=granted.setup_sessions,
            passed=granted.passed,
            now=now,
        )


async def consent_and_release(it: Ready, maximum: str = "30.00", **more: Any) -> None:
    await stopping.carry_out(it.runtime, await consent_again(it, maximum, **more))


async def change(runtime: Runtime, path: str, params: dict[str, Any], method: Any = "post") -> dict[str, Any]:
    """What somebody else does at Stripe."""
    return (await runtime.gateway.send(Request(method, path, params))).data
