"""The operation that made an object: it says which row is its, and what Stripe does not know of it.

Metadata can be written by others, so it is believed only where it names an operation that fits.
"""

from uuid import UUID

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.fields import nested
from billing.mirror.news import News
from billing.tables import Customer, Operation


async def find_origin(session: AsyncSession, news: News, owner: Customer | None, mutation: str) -> Operation | None:
    """The operation, a `mutation` for this customer, that the object's metadata name; None where there is no such."""
    operation_id = _uuid(nested(news.data, "metadata", "assent_operation"))
    operation = await session.get(Operation, operation_id) if operation_id else None
    if operation is None or operation.mutation != mutation:
        return None
    fits = operation.node_id == _uuid(nested(news.data, "metadata", "assent_id"))
    return operation if fits and operation.customer_id in (None, owner.id if owner else None) else None


async def find_maker(
    session: AsyncSession, news: News, owner: Customer | None, mutation: str, table: type[SQLModel]
) -> Operation | None:
    """The same for an object that becomes the operation's own row.

    None too where that row is another object's already: then the metadata were copied.
    """
    origin = await find_origin(session, news, owner, mutation)
    if origin is None or await session.get(table, origin.node_id) is not None:
        return None
    return origin


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
