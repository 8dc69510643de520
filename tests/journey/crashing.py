"""kill -9 at a chosen moment, and what the restarted process makes of what was left behind."""

import contextlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from billing.database import Database
from billing.runtime import utc_now
from billing.tables import Operation, OperationStatus
from tests.crash_proxy import CrashProxy, Moment, Trouble
from tests.journey.walking import Journey
from tests.running_assent import PATIENCE, eventually

everywhere = pytest.mark.parametrize("moment", list(Moment), ids=lambda moment: moment.name.lower())


def crash(journey: Journey, proxy: CrashProxy, asked: str, moment: Moment, call: Callable[[], Any]) -> int:
    """Calls, is killed at that moment of that request, and runs again. The fence that the dead process left behind."""
    trouble = proxy.prepare(Trouble(asked, moment, journey.assent.kill))
    with contextlib.suppress(httpx.TransportError):  # after Stripe's answer, ours may be out before death comes
        call()
    assert trouble.over.wait(PATIENCE), f"{asked} was never sent"
    assert not journey.assent.is_alive
    proxy.seen.clear()
    fence = int(journey.assent.within(end_leases))
    journey.assent.start()
    return fence


async def end_leases(database: Database) -> int:
    """Lets go of what the dead process held. Only its time ends a lease, and a test need not wait for that."""
    async with database.transaction() as session:
        pending = select(Operation).where(col(Operation.status) == OperationStatus.PENDING)
        held = (await session.exec(pending)).one_or_none()
        if held is None:
            return 0
        held.due_at = utc_now()
        session.add(held)
        return held.fence


async def newest(database: Database) -> Operation:
    async with database.read() as session:
        latest = select(Operation).order_by(col(Operation.created_at).desc(), col(Operation.id).desc()).limit(1)
        return (await session.exec(latest)).one()


def swept(journey: Journey, fence: int) -> Operation:
    """The operation once the restarted process has taken it up and let go of it."""

    def look() -> Operation | None:
        found: Operation = journey.assent.within(newest)
        left = found.fence > fence and found.due_at <= utc_now()
        return found if left or found.status != OperationStatus.PENDING else None

    return eventually(look)
