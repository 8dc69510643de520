"""Finding setup sessions, and what they show."""

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import Caller
from billing.errors import NotFound
from billing.tables import Mandate, PaymentMethod, SetupIntent, SetupSession

OPEN, COMPLETE, EXPIRED = "open", "complete", "expired"


async def get(session: AsyncSession, caller: Caller, session_id: UUID | None, *path: str) -> SetupSession:
    """The caller's setup session. Raises NotFound at `path`."""
    found = await session.get(SetupSession, session_id) if session_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such setup session.", path or ("input", "setupSessionId"))
    return found


async def state(session: AsyncSession, found: SetupSession) -> tuple[object, ...]:
    """Everything that a session shows; two states that are equal look the same."""
    intent = select(SetupIntent).where(SetupIntent.stripe_id == found.setup_intent_stripe_id)
    attempt = (await session.exec(intent)).first()
    method_id = attempt.payment_method_stripe_id if attempt else None
    method = (await session.exec(select(PaymentMethod).where(PaymentMethod.stripe_id == method_id))).first()
    mandates = (await session.exec(select(Mandate).where(Mandate.payment_method_stripe_id == method_id))).all()
    return tuple(each.model_dump_json() for each in (found, attempt, method, *mandates) if each is not None)
