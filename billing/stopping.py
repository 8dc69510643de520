"""What follows when a consent ends or takes the place of another one.

Collection of the subscriptions and open setup sessions that rested on it stops; what a newer consent covers goes on.
All of it is ordered in the transaction that ends the consent, so that none is lost; then it is carried out at once, and
by the sweep where that fails.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import operations, renewals, setup_sessions
from billing.callers import Caller
from billing.errors import BillingError
from billing.operations import Call
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import SetupSession, Subscription

log = structlog.get_logger()


async def order(
    session: AsyncSession,
    cause: UUID,
    *,
    stopped: Iterable[UUID],
    expired: Iterable[UUID],
    passed: Iterable[UUID] = (),
    now: datetime,
) -> list[Call]:
    """Orders the stop of these subscriptions and setup sessions, and the release of what `passed` to a newer consent.

    `cause` is the consent that ended, or the newer one. The caller holds the customer's lock.
    """
    pages = (await session.exec(select(SetupSession).where(col(SetupSession.id).in_(list(expired))))).all()
    calls = [setup_sessions.expiry(Caller.assent(), each, key=f"{cause}:{each.id}") for each in pages]
    for each in await _subscriptions(session, stopped):
        calls += await renewals.stop(session, each, cause=cause, now=now)
    for each in await _subscriptions(session, passed):
        calls += await renewals.let_go_on(session, each, cause=cause, now=now)
    for call in calls:
        await operations.order(session, call, now)
    return calls


async def _subscriptions(session: AsyncSession, ids: Iterable[UUID]) -> list[Subscription]:
    statement = select(Subscription).where(col(Subscription.id).in_(list(ids)))
    return list((await session.exec(statement.order_by(col(Subscription.created_at), col(Subscription.id)))).all())


async def carry_out(runtime: Runtime, calls: Iterable[Call]) -> None:
    """Does now what was ordered. What Stripe does not take now, the sweep tries again."""
    for call in calls:
        try:
            await operations.run(runtime, PROCEDURES[call.mutation], call)
        except BillingError as error:
            log.warning("left to the sweep", mutation=call.mutation, intent=call.intent, error=error.message)
