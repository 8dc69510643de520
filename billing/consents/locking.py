"""The lock under which everything about one customer's consents is decided, one after the other."""

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Customer


async def hold_customer(session: AsyncSession, customer_id: UUID | None) -> Customer | None:
    """The customer, locked until the transaction ends.

    `FOR NO KEY UPDATE`, so that rows which merely refer to the customer can be written meanwhile. On SQLite a writing
    transaction already is the only one.
    """
    statement = select(Customer).where(Customer.id == customer_id).with_for_update(key_share=True)
    return (await session.exec(statement.execution_options(populate_existing=True))).first()
