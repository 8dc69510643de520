"""Taking a customer's personal values out of the journal."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from billing.journal.declared import PERSONAL
from billing.journal.entries import forget
from billing.journal.recording import recorder_of
from billing.tables import Change

PAGE = 200


async def redact(session: AsyncSession, customer_id: UUID) -> None:
    """What was written before loses the values, and what this transaction changes is written without them.

    That something changed stays. Call it with the customer locked: nobody else writes of it until the commit.
    """
    recorder_of(session).redacted.add(customer_id)
    after = 0
    while page := (await session.exec(_page(customer_id, after))).all():
        for change in page:
            names = PERSONAL[change.noun]
            change.fields, change.merchant_fields = forget(change.fields, names), forget(change.merchant_fields, names)
            session.add(change)
        await session.flush()
        after = page[-1].position
        for change in page:  # a long history does not have to be in memory at one time
            session.expunge(change)


def _page(customer_id: UUID, after: int) -> SelectOfScalar[Change]:
    told = [noun for noun, names in PERSONAL.items() if names]
    statement = select(Change).where(
        Change.customer_id == customer_id, Change.position > after, col(Change.noun).in_(told)
    )
    return statement.order_by(col(Change.position)).limit(PAGE)
