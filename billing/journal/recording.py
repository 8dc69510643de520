"""Watching a session: whatever it changes of a journaled table is noticed, and written down with its commit.

Nothing has to be remembered by whoever changes a row: the unit of work tells what it flushes, and statements that
change many rows at once are looked at before they run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, event, insert, inspect, select, update
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.base import NO_VALUE
from sqlmodel import Session as ModelSession
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.journal.causes import Cause, current_cause
from billing.journal.declared import JOURNALED, PERSONAL
from billing.journal.entries import Entry, Touched, entries_of
from billing.journal.words import Values
from billing.tables import Change, JournalHead, new_id

RECORDER = "assent_journal"

HEAD: Any = JournalHead.__table__  # type: ignore[attr-defined]
BY_TABLE: dict[Any, type[Any]] = {each.__table__: each for each in JOURNALED}

# At a time: a statement has room for some thirty thousand values.
ROWS = 500


class JournaledSession(ModelSession):
    """A session whose changes go into the journal."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Journal:
    """By which clock, and how others are told of new rows, in the transaction that writes them."""

    clock: Callable[[], datetime] = _utc_now
    announce: Callable[[Session], None] = lambda _: None


@dataclass
class Recorder:
    """What one transaction has changed until now."""

    journal: Journal
    cause: Cause
    touched: dict[tuple[type[Any], UUID], Touched] = field(default_factory=dict)
    entries: list[tuple[Cause, Entry]] = field(default_factory=list)
    redacted: set[UUID] = field(default_factory=set)

    def close(self, session: Session) -> None:
        """What has been changed until now has the cause that stood until now."""
        session.flush()
        touched, self.touched = self.touched, {}
        if touched:
            with session.no_autoflush:
                self.entries += [(self.cause, each) for each in entries_of(session, touched)]

    def write(self, session: Session) -> None:
        """Writes everything down. The last thing in the transaction: other writers wait from here to its commit."""
        if not self.entries:
            return
        entries, self.entries = self.entries, []
        self.journal.announce(session)
        now = self.journal.clock()
        for begin in range(0, len(entries), ROWS):
            _append(session, [self._row(each, cause, now) for cause, each in entries[begin : begin + ROWS]])

    def _row(self, entry: Entry, cause: Cause, now: datetime) -> dict[str, Any]:
        if entry.customer_id in self.redacted:
            entry.forget(PERSONAL[entry.noun])
        return {
            "id": new_id(),
            "created_at": now,
            "noun": entry.noun,
            "node_id": entry.node_id,
            "customer_id": entry.customer_id,
            "owner_id": entry.customer_id if entry.fields else None,
            "fields": entry.fields,
            "merchant_fields": entry.merchant_fields,
            "cause_kind": cause.kind,
            "cause_reference": cause.reference,
            "actor": cause.actor,
        }


def _append(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Counts the rows and writes them; on PostgreSQL in one statement, because others wait as long as that takes."""
    connection = session.connection()
    counted = update(HEAD).values(position=HEAD.c.position + len(rows)).returning(HEAD.c.position)
    last: Any
    if connection.dialect.name == "postgresql":
        last = select(counted.cte("counted").c.position).scalar_subquery()
    else:
        last = connection.execute(counted).scalar_one()
    behind = range(len(rows) - 1, -1, -1)
    numbered = [{**row, "position": last - after} for after, row in zip(behind, rows, strict=True)]
    # One row has a statement that is compiled once.
    connection.execute(insert(Change).values(numbered[0] if len(numbered) == 1 else numbered))


def start(journal: Journal) -> dict[str, Any]:
    """What a session carries from its beginning."""
    return {RECORDER: Recorder(journal, current_cause())}


def recorder_of(session: Session | AsyncSession) -> Recorder:
    """The transaction's."""
    found: Recorder = session.info[RECORDER]
    return found


async def because(session: AsyncSession, cause: Cause) -> None:
    """From here on the transaction's changes have this cause; those before keep theirs."""
    recorder = recorder_of(session)
    if recorder.cause != cause:
        await session.run_sync(recorder.close)
        recorder.cause = cause


# ---------------------------------------------------------------------- noticing


@event.listens_for(JournaledSession, "before_flush")
def notice(session: Session, _context: object, _instances: object) -> None:
    """What is about to be flushed, as it was until now."""
    touched = recorder_of(session).touched
    for row in (*session.new, *session.dirty, *session.deleted):
        declared = JOURNALED.get(type(row))
        if declared is None:
            continue
        key = (type(row), row.id)
        if key in touched:
            continue
        if row in session.new:
            touched[key] = Touched(row, None)
        elif row in session.deleted or declared.columns & inspect(row).committed_state.keys():
            touched[key] = Touched(row, _before(session, row))


def _before(session: Session, row: Any) -> Values:
    """The row as it is in the database."""
    state = inspect(row)
    values = {**state.dict, **state.committed_state}
    table: Any = type(row).__table__
    found = {column.key: values.get(column.key, NO_VALUE) for column in table.columns}
    if NO_VALUE in found.values():
        return dict(session.connection().execute(select(table).where(table.c.id == row.id)).mappings().one())
    return found


@event.listens_for(JournaledSession, "do_orm_execute")
def notice_many(state: ORMExecuteState) -> None:
    """The rows that a statement is about to change. Raises NotImplementedError for an insert: nobody would see it."""
    statement: Any = state.statement
    if not (state.is_update or state.is_delete or state.is_insert):
        return
    of = BY_TABLE.get(statement.table if isinstance(statement.table, Table) else None)
    if of is None:
        return
    if state.is_insert:
        raise NotImplementedError(f"rows of {statement.table} are journaled: add them to the session")
    state.session.flush()
    matching = select(statement.table).where(statement.whereclause).with_for_update(of=statement.table)
    touched = recorder_of(state.session).touched
    for each in state.session.connection().execute(matching).mappings().all():
        known = touched.setdefault((of, each["id"]), Touched(None, dict(each)))
        known.row = None  # what the session holds of it may not follow the statement


@event.listens_for(JournaledSession, "before_commit")
def write(session: Session) -> None:
    """At the end of the whole transaction."""
    if session.in_nested_transaction():
        return
    recorder = recorder_of(session)
    recorder.close(session)
    recorder.write(session)
