"""Which rows a transaction writes: what the log says of an event that was applied."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Row

# Where a session keeps their names.
ROWS = "touched_rows"


def note_rows(session: AsyncSession) -> None:
    """From now on each row that is written in this session is noted, as `subscription_<uuid>`."""
    session.info[ROWS] = {}


@event.listens_for(Session, "after_flush")
def _note(session: Session, _context: Any) -> None:
    noted = session.info.get(ROWS)
    if noted is not None:
        written = (each for each in (*session.new, *session.dirty) if isinstance(each, Row))
        noted.update((_name(each), None) for each in written if session.is_modified(each))


def _name(row: Row) -> str:
    return f"{str(type(row).__tablename__).removesuffix('s')}_{row.id}"
