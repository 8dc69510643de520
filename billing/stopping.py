"""What has to stop when a consent ends: collection of the subscriptions, and open setup sessions, that rest on it.

The stops are ordered in the transaction that ends the consent, so that none is lost; then they are carried out at
once, and by the sweep where that fails.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import operations, setup_sessions, subscriptions
from billing.callers import Caller
from billing.errors import BillingError
from billing.operations import Call
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import SetupSession, Subscription

log = structlog.get_logger()


async def order(
    session: AsyncSession, cause: UUID, *, stopped: Iterable[UUID], expired: Iterable[UUID], now: datetime
) -> list[Call]:
    """Orders the stop of these subscriptions and setup sessions; `cause` is the consent that ended."""
    carried = (await session.exec(select(Subscription).where(col(Subscription.id).in_(list(stopped))))).all()
    pages = (await session.exec(select(SetupSession).where(col(SetupSession.id).in_(list(expired))))).all()
    calls = [subscriptions.stop(each, key=f"{cause}:{each.id}") for each in carried]
    calls += [setup_sessions.expiry(Caller.assent(), each, key=f"{cause}:{each.id}") for each in pages]
    for call in calls:
        await operations.order(session, call, now)
    return calls


async def carry_out(runtime: Runtime, calls: Iterable[Call]) -> None:
    """Does now what was ordered. What Stripe does not take now, the sweep tries again."""
    for call in calls:
        try:
            await operations.run(runtime, PROCEDURES[call.mutation], call)
        except BillingError as error:
            log.warning("a stop is left to the sweep", mutation=call.mutation, intent=call.intent, error=error.message)
