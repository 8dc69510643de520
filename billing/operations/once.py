"""Idempotency for a mutation that is one transaction of ours and calls nobody."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.errors import IdempotencyMismatch
from billing.operations.model import Call
from billing.operations.taking import find, new_operation
from billing.runtime import Runtime
from billing.tables import Operation, OperationStatus

Body = Callable[[AsyncSession, datetime], Awaitable[UUID]]


async def run_once(runtime: Runtime, call: Call, body: Body) -> UUID:
    """The id of what `body` made, now or the first time. Raises IdempotencyMismatch, and what `body` raises.

    Two first callers collide on the unique key: the later one's transaction is undone and finds the earlier one's.
    """
    try:
        return await _attempt(runtime, call, body)
    except IntegrityError:
        return await _attempt(runtime, call, body)


async def _attempt(runtime: Runtime, call: Call, body: Body) -> UUID:
    async with runtime.database.transaction() as session:
        earlier = await find(session, call)
        if earlier is not None:
            return _made(earlier, call)
        now = runtime.clock()
        operation = new_operation(call, now)
        operation.status = OperationStatus.SUCCEEDED
        session.add(operation)
        await session.flush()
        operation.node_id = await body(session, now)
        return operation.node_id


def _made(operation: Operation, call: Call) -> UUID:
    if operation.input_hash != call.input_hash:
        raise IdempotencyMismatch
    if operation.node_id is None:
        raise ValueError(f"operation {operation.id} made nothing")
    return operation.node_id
