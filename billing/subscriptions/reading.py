"""Finding subscriptions."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import Caller
from billing.errors import NotFound
from billing.tables import Subscription


async def get(session: AsyncSession, caller: Caller, subscription_id: UUID | None, *path: str) -> Subscription:
    """The caller's subscription. Raises NotFound at `path`."""
    found = await session.get(Subscription, subscription_id) if subscription_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such subscription.", path or ("input", "subscriptionId"))
    return found
