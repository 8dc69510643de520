"""Finding setup sessions, and what they show."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import Caller
from billing.errors import NotFound
from billing.tables import SetupSession

OPEN, COMPLETE, EXPIRED = "open", "complete", "expired"


async def get(session: AsyncSession, caller: Caller, session_id: UUID | None, *path: str) -> SetupSession:
    """The caller's setup session. Raises NotFound at `path`."""
    found = await session.get(SetupSession, session_id) if session_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such setup session.", path or ("input", "setupSessionId"))
    return found
