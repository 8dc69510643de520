"""Finishing what a crash left behind, and what one transaction ordered for after its commit."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.errors import BillingError
from billing.journal import Cause, caused_by
from billing.operations.model import LEASE, Call, Procedure
from billing.operations.running import Overtaken, drive, record
from billing.operations.searching import search
from billing.operations.taking import Busy, advance, begin, is_over_subject, new_operation, resume
from billing.runtime import Runtime
from billing.stripe_gateway import Answer
from billing.tables import Operation, OperationStatus

log = structlog.get_logger()

# A charge that its client does not continue is given up after this; nothing is in flight for so long.
ABANDON_AFTER = timedelta(minutes=10)

# The longest time between two looks at a charge that its client does not continue.
LONGEST_REST = timedelta(hours=1)

Procedures = Mapping[str, Procedure]


async def order(session: AsyncSession, call: Call, now: datetime, *, due_at: datetime | None = None) -> None:
    """Puts an operation on the list of the sweep, in the caller's own transaction; twice for the same key is once.

    It is done when it is due, which is at once unless `due_at` says later.
    """
    ordered = select(Operation.id).where(
        Operation.party == call.caller.party, Operation.mutation == call.mutation, Operation.key == call.key
    )
    # Not locked: whoever orders holds the customer, and the runner takes its operation before the customer.
    if (await session.exec(ordered)).first() is None:
        operation = new_operation(call, now)
        operation.due_at = due_at or now
        session.add(operation)


async def sweep(runtime: Runtime, procedures: Procedures, *, limit: int = 100) -> int:
    """Takes up every operation that nobody holds, and answers how many it looked at.

    What charges is only looked up at Stripe; everything else is carried through.
    """
    due = await _due(runtime, limit)
    for operation in due:
        try:
            with caused_by(Cause.operation(operation)):
                await _take_up(runtime, procedures[operation.mutation], operation)
        except (Busy, Overtaken):
            continue
        except BillingError as error:
            log.warning("operation not finished", operation=str(operation.id), error=error.message)
        except Exception as error:
            # Whatever is wrong with one must not keep the stops behind it from being done.
            if not (isinstance(error, IntegrityError) and is_over_subject(error)):
                log.exception("operation could not be taken up", operation=str(operation.id))
    return len(due)


async def _due(runtime: Runtime, limit: int) -> list[Operation]:
    statement = (
        select(Operation)
        .where(Operation.status == OperationStatus.PENDING, col(Operation.due_at) <= runtime.clock())
        .order_by(col(Operation.due_at), col(Operation.id))
        .limit(limit)
    )
    async with runtime.database.read() as session:
        return list((await session.exec(statement)).all())


async def _take_up(runtime: Runtime, procedure: Procedure, operation: Operation) -> None:
    if operation.step in procedure.charges:
        if not _rests(operation, runtime.clock()):
            await _look_up(runtime, procedure, operation)
        return
    async with runtime.database.transaction() as session:
        held = await _lock(session, operation)
        if held.step is None:
            await begin(session, procedure, held, runtime.clock())
        else:
            await resume(session, procedure, held, runtime.clock())
    await drive(runtime, procedure, held)


def _rests(operation: Operation, now: datetime) -> bool:
    """After each look a charge is left alone for as long as it took until then: Stripe is not asked for ever."""
    if operation.first_sent_at is None or operation.due_at != operation.updated_at:
        return False
    since = operation.updated_at - operation.first_sent_at
    rest = min(since, LONGEST_REST if since >= ABANDON_AFTER else ABANDON_AFTER - since)
    return now - operation.updated_at < rest


async def _lock(session: AsyncSession, operation: Operation) -> Operation:
    statement = select(Operation).where(Operation.id == operation.id).with_for_update()
    held = (await session.exec(statement)).one()
    if held.status != OperationStatus.PENDING or held.fence != operation.fence:
        raise Busy
    return held


async def _look_up(runtime: Runtime, procedure: Procedure, operation: Operation) -> None:
    """Finds out what became of a charge, and takes it back in the end; it never performs one that was not made.

    Until then its own client may continue it, with its own key.
    """
    async with runtime.database.transaction() as session:
        held = await _lock(session, operation)
        held.fence += 1
        held.due_at = runtime.clock() + LEASE
        session.add(held)
    found = await search(runtime.gateway, procedure, held)
    is_over = found is not None and procedure.is_over(held, found)
    if found is not None and is_over:
        left = await record(runtime, procedure, held, found)
    else:
        async with runtime.database.transaction() as session:
            left = await _leave(session, procedure, held, found, runtime.clock())
    # Nothing is left to be charged of what is over, whatever else is to be asked first.
    if left.step not in procedure.charges or (is_over and left.step in procedure.harmless):
        await drive(runtime, procedure, left)


async def _leave(
    session: AsyncSession, procedure: Procedure, operation: Operation, found: Answer | None, now: datetime
) -> Operation:
    held = await _lock(session, operation)
    if found is not None:
        await mirror.record(session, found, now=now)
    if not _is_abandoned(held, now) or not await _withdraw(session, procedure, held, found, now):
        # The client may take it up at once; we look again after a while.
        held.due_at = held.updated_at = now
    session.add(held)
    return held


def _is_abandoned(operation: Operation, now: datetime) -> bool:
    return operation.first_sent_at is None or now - operation.first_sent_at >= ABANDON_AFTER


async def _withdraw(
    session: AsyncSession, procedure: Procedure, operation: Operation, found: Answer | None, now: datetime
) -> bool:
    """Whether the taking back has begun."""
    following = None
    if found is not None:
        if procedure.withdraw is None:
            return False
        following = await procedure.withdraw(session, operation, found, now)
    if following is not None:
        advance(operation, following, now)
        return True
    operation.status = OperationStatus.RELEASED
    operation.attempt += 1
    if procedure.undo is not None:
        await procedure.undo(session, operation)
    return False
