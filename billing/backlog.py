"""What waits to be done, by the database's word: the same whichever of many processes is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.sql.expression import Select

from billing.database import Database
from billing.tables import EventStatus, Hold, Operation, OperationStatus, StripeEvent


@dataclass(frozen=True)
class Backlog:
    """Counts and ages. `oldest_due` and `oldest_waiting` are seconds since an event that is not applied arrived.

    `due` events could be applied now; `waiting` are all that are not applied yet, those included that are tried again
    later. `operations` are open ones by mutation and status; `held` are holds by reason.
    """

    due: int
    oldest_due: float
    waiting: int
    oldest_waiting: float
    failed: int
    operations: Mapping[tuple[str, str], int]
    held: Mapping[str, int]


async def measure(database: Database, now: datetime) -> Backlog:
    """Looks. Each statement reads an index of what is open, never what is done."""
    open_ones = col(Operation.status).in_((OperationStatus.PENDING, OperationStatus.UNKNOWN))
    async with database.read() as session:
        due = (await session.exec(_unapplied().where(col(StripeEvent.due_at) <= now))).one()
        all_waiting = (await session.exec(_unapplied())).one()
        failed = select(func.count()).select_from(StripeEvent).where(StripeEvent.status == EventStatus.FAILED)
        operations = (
            select(Operation.mutation, Operation.status, func.count())
            .where(open_ones)
            .group_by(Operation.mutation, Operation.status)
        )
        held = select(Hold.reason, func.count()).where(col(Hold.ended_at).is_(None)).group_by(Hold.reason)
        return Backlog(
            due=due[0],
            oldest_due=_age(due[1], now),
            waiting=all_waiting[0],
            oldest_waiting=_age(all_waiting[1], now),
            failed=(await session.exec(failed)).one(),
            operations={(mutation, status): count for mutation, status, count in await session.exec(operations)},
            held=dict((await session.exec(held)).all()),
        )


async def inbox_lag(database: Database, now: datetime) -> float:
    """`oldest_due` alone: seconds since the oldest event arrived that could be applied and is not."""
    async with database.read() as session:
        return _age((await session.exec(_unapplied().where(col(StripeEvent.due_at) <= now))).one()[1], now)


def _unapplied() -> Select[int, datetime]:
    """How many events are not applied, and when the oldest of them arrived."""
    unapplied = select(func.count(), func.min(StripeEvent.received_at))
    return unapplied.where(StripeEvent.status == EventStatus.RECEIVED)


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0
