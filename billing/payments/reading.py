"""Finding payments."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import Caller
from billing.errors import NotFound
from billing.tables import Payment


async def get(session: AsyncSession, caller: Caller, payment_id: UUID | None, *path: str) -> Payment:
    """The caller's payment. Raises NotFound at `path`."""
    found = await session.get(Payment, payment_id) if payment_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such payment.", path or ("input", "paymentId"))
    return found
