"""Finding, making and filling the row of an object."""

from datetime import datetime
from typing import Any, TypeVar

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Operation, Row, new_id

Table = TypeVar("Table", bound=Row)


async def find_row(session: AsyncSession, table: type[Table], stripe_id: str) -> Table | None:
    """The row of Stripe's object, as it is now: what the session read before the object was locked may be old."""
    columns: Any = table
    statement = select(table).where(columns.stripe_id == stripe_id).execution_options(populate_existing=True)
    return (await session.exec(statement)).first()


def new_row(table: type[Table], stripe_id: str, created_at: datetime, maker: Operation | None = None) -> Table:
    """A row for an object seen for the first time, with the id that the operation chose which made it."""
    make: Any = table
    row: Table = make(id=maker.node_id if maker else new_id(), stripe_id=stripe_id, created_at=created_at)
    return row


async def save(session: AsyncSession, row: Table, **values: Any) -> Table:
    """Sets the columns and writes the row, so that others can refer to it."""
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    await session.flush()
    return row
