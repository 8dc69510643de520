"""Learning of an object and deciding what follows for renewals, in one transaction; then doing it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import renewals, stopping
from billing.runtime import Runtime
from billing.stripe_gateway import JSONObject
from billing.touched import note_rows


@asynccontextmanager
async def considering(runtime: Runtime, data: JSONObject, now: datetime) -> AsyncIterator[AsyncSession]:
    """A transaction in which news of `data`'s object are learned.

    At its end it is decided what they mean for renewals; what was ordered is carried out after the commit.
    """
    async with runtime.database.transaction() as session:
        note_rows(session)
        await renewals.hold_bill(session, data)
        concerned = await renewals.concerned(session, data)
        yield session
        calls = await renewals.consider(session, concerned, data, now, refund=runtime.refund_outside_consent)
    await stopping.carry_out(runtime, calls)
