"""What processes have counted of the same callers, put together."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import RequestCount

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

Counts = Mapping[tuple[str, int], int]
"""By subject and minute."""


async def share(session: AsyncSession, counts: Counts) -> dict[tuple[str, int], int]:
    """Adds one process's counts to everybody's, and gives the sums. `counts` may have zeros, to ask only."""
    # In one order, in which no two processes wait for each other.
    told = sorted(counts.items())
    rows = [{"subject": subject, "minute": minute, "count": count} for (subject, minute), count in told]
    insert = INSERTS[session.get_bind().dialect.name](RequestCount).values(rows)
    statement = insert.on_conflict_do_update(
        index_elements=["subject", "minute"], set_={"count": col(RequestCount.count) + insert.excluded["count"]}
    ).returning(RequestCount.subject, RequestCount.minute, RequestCount.count)
    return {(subject, minute): count for subject, minute, count in await session.exec(statement)}


async def forget(session: AsyncSession, before: int) -> None:
    """Drops what was counted in the minutes before this one."""
    await session.exec(delete(RequestCount).where(col(RequestCount.minute) < before))
