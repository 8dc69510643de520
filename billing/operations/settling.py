"""Settling what is UNKNOWN, when a person asks for it."""

from uuid import UUID

from sqlmodel import select

from billing.errors import BillingError, Conflict, NotFound
from billing.operations.model import LEASE
from billing.operations.running import Overtaken, drive, find_lost, let_go, record, release
from billing.operations.searching import search
from billing.operations.sweeping import Procedures
from billing.runtime import Runtime
from billing.tables import Operation, OperationStatus


async def settle(runtime: Runtime, procedures: Procedures, operation_id: UUID) -> Operation:
    """Looks at Stripe again: what is there is recorded; where there is nothing, the client's key is free again.

    Raises NotFound; Conflict where its outcome is known, or somebody else is at it; StripeUnavailable.
    """
    held = await _take(runtime, operation_id)
    procedure = procedures[held.mutation]
    try:
        found = await find_lost(runtime, held) or await search(runtime.gateway, procedure, held)
        if found is None:
            return await release(runtime, procedure, held)
        return await drive(runtime, procedure, await record(runtime, procedure, held, found))
    except BillingError:
        await _give_up(runtime, held)
        raise
    except Overtaken as overtaken:
        raise Conflict("Somebody else is at this operation; look again.") from overtaken


async def _take(runtime: Runtime, operation_id: UUID) -> Operation:
    async with runtime.database.transaction() as session:
        statement = select(Operation).where(Operation.id == operation_id).with_for_update()
        held = (await session.exec(statement)).first()
        if held is None:
            raise NotFound("There is no such operation.", ("id",), str(operation_id))
        if held.status != OperationStatus.UNKNOWN:
            raise Conflict(f"The outcome of this operation is known: {held.status}.")
        held.status = OperationStatus.PENDING
        held.fence += 1
        held.due_at = runtime.clock() + LEASE
        session.add(held)
        return held


async def _give_up(runtime: Runtime, held: Operation) -> None:
    """As it was, unless it has been let go of already."""
    try:
        await let_go(runtime, held, OperationStatus.UNKNOWN)
    except Overtaken:
        return
