"""Closing the hosted page of a setup session."""

from datetime import datetime
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.errors import InvalidTransition, StripeRejected
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered, unkeyed
from billing.runtime import Runtime
from billing.setup_sessions.reading import COMPLETE, EXPIRED, OPEN, get
from billing.stripe_gateway import Request
from billing.tables import Operation, SetupSession


async def expire(runtime: Runtime, caller: Caller, session_id: UUID | None) -> UUID:
    """Closes the page. A session that has expired already is a success that calls nothing.

    Raises NotFound, InvalidTransition (it is complete), Conflict, StripeRejected, StripeUnavailable.
    """
    async with runtime.database.read() as session:
        found = await get(session, caller, session_id)
    if found.status != EXPIRED:
        operation = await operations.run(runtime, EXPIRE, expiry(caller, found))
        if error := operations.failure(operation):
            raise error
    return found.id


def expiry(caller: Caller, setup_session: SetupSession, *, key: str | None = None) -> Call:
    """The call that expires a session; `key` where it is ordered and must be ordered once."""
    intent = {"setup_session_id": str(setup_session.id)}
    if key is None:
        return unkeyed("expireSetupSession", caller, intent, setup_session.customer_id)
    return Call("expireSetupSession", caller, key, intent, setup_session.customer_id)


async def _begin_expire(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    found = await session.get_one(SetupSession, UUID(operation.intent["setup_session_id"]))
    operation.node_id = found.id
    if found.status != OPEN:
        return _over(found)
    operation.subject = found.stripe_id
    return Send("expire", Request("post", f"/v1/checkout/sessions/{found.stripe_id}/expire", {}))


def _over(found: SetupSession) -> Finish:
    if found.status == COMPLETE:
        return Finish(error=InvalidTransition("This setup session is complete.", "setup_session", found.id))
    return Finish()


async def _record_expired(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected) and outcome.http_status == 400:
        # No longer open: whatever ended it came first.
        return Send("look", Request("get", f"/v1/checkout/sessions/{operation.subject}", {}))
    await mirror.record(session, answered(outcome), now=now)
    found = (await session.exec(select(SetupSession).where(SetupSession.id == operation.node_id))).one()
    return _over(found)


EXPIRE = Procedure("expireSetupSession", _begin_expire, {"expire": _record_expired, "look": _record_expired})
