"""Taking an operation: the first caller reserves it, the others wait for its outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.errors import BillingError, Conflict, IdempotencyMismatch, StripeRejected
from billing.operations.model import LEASE, RESEND_WINDOW, Call, Finish, Next, Procedure, Send
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Operation, OperationStatus, new_id

# Seconds that a caller waits for another one's operation, and between two looks.
PATIENCE = 30.0
LOOK_AGAIN = 0.05

NOT_FOUND = 404

Result = TypeVar("Result")

UNKNOWN = "The outcome of this call at Stripe is unknown; it is being looked into and is not repeated."


class Busy(Exception):
    """Somebody else has the operation, or the object that it would change."""


async def take(runtime: Runtime, procedure: Procedure, call: Call) -> Operation:
    """The operation of this call: finished by whoever was first, or now held by us.

    Raises what `begin` raises, IdempotencyMismatch, and Conflict where another one holds it for too long.
    """

    async def attempt() -> Operation:
        async with runtime.database.transaction() as session:
            return await _take(session, procedure, call, runtime.clock())

    return await patiently(attempt)


async def patiently(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """What the attempt answers once nobody else has what it needs. Raises Conflict where that takes too long."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            return await attempt()
        except (Busy, IntegrityError) as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise _too_long(error) from error
        await asyncio.sleep(LOOK_AGAIN)


def _too_long(error: Exception) -> Exception:
    # Two first callers collide on a unique index and one comes back here; a collision that lasts is a defect, unless
    # it is over the object.
    if isinstance(error, IntegrityError) and not is_over_subject(error):
        return error
    return Conflict("Another operation on the same object is under way.")


def is_over_subject(error: IntegrityError) -> bool:
    """Whether two operations have collided over the object that both would change."""
    return "subject" in str(error.orig)


async def _take(session: AsyncSession, procedure: Procedure, call: Call, now: datetime) -> Operation:
    operation = await find(session, call)
    if operation is None:
        operation = new_operation(call, now)
        session.add(operation)
        # Before anything is checked: a second caller with this key waits here, and must not see the first one's effects
        # as somebody else's.
        await session.flush()
        return await begin(session, procedure, operation, now)
    if operation.input_hash != call.input_hash:
        raise IdempotencyMismatch
    if operation.status == OperationStatus.UNKNOWN:
        raise Conflict(UNKNOWN)
    if operation.status == OperationStatus.RELEASED or operation.step is None:
        return await begin(session, procedure, operation, now)
    if operation.status == OperationStatus.PENDING:
        await resume(session, procedure, operation, now)
    return operation


async def find(session: AsyncSession, call: Call) -> Operation | None:
    """The operation of this (party, mutation, key), locked."""
    statement = select(Operation).where(
        Operation.party == call.caller.party, Operation.mutation == call.mutation, Operation.key == call.key
    )
    return (await session.exec(statement.with_for_update())).first()


async def is_begun(session: AsyncSession, call: Call) -> bool:
    """Whether its key has an outcome, or is about to: what only decides whether to begin is then asked no more."""
    begun = select(Operation.id).where(
        Operation.party == call.caller.party,
        Operation.mutation == call.mutation,
        Operation.key == call.key,
        Operation.status != OperationStatus.RELEASED,
    )
    return (await session.exec(begun)).first() is not None


def new_operation(call: Call, now: datetime) -> Operation:
    """Not begun yet, and due at once."""
    return Operation(
        created_at=now,
        mutation=call.mutation,
        party=call.caller.party,
        key=call.key,
        input_hash=call.input_hash,
        actor=call.caller.name,
        customer_id=call.customer_id,
        intent=call.intent,
        node_id=new_id(),
        due_at=now,
        updated_at=now,
    )


async def begin(session: AsyncSession, procedure: Procedure, operation: Operation, now: datetime) -> Operation:
    """Reserves a new operation, or one that came to nothing before."""
    operation.subject, operation.result, operation.step = None, {}, None
    following = await procedure.begin(session, operation, now)
    if operation.subject is not None:
        await claim(session, operation)
    operation.status = OperationStatus.PENDING
    advance(operation, following, now)
    operation.fence += 1
    session.add(operation)
    await session.flush()
    return operation


async def claim(session: AsyncSession, operation: Operation) -> None:
    """Leases the operation's subject to it, until it is over.

    Raises Busy where another operation holds the object; the unique index decides between two that look at once.
    """
    held = select(Operation.id).where(
        Operation.subject == operation.subject,
        Operation.status == OperationStatus.PENDING,
        col(Operation.id) != operation.id,
    )
    with session.no_autoflush:
        if (await session.exec(held)).first() is not None:
            raise Busy


async def resume(session: AsyncSession, procedure: Procedure, operation: Operation, now: datetime) -> None:
    """Takes over what nobody holds any more. Raises Busy while somebody does."""
    if operation.due_at > now:
        raise Busy
    operation.fence += 1
    if procedure.resume is not None:
        advance(operation, await procedure.resume(session, operation, now), now)
    operation.due_at = now + LEASE
    session.add(operation)


def advance(operation: Operation, following: Next, now: datetime) -> None:
    """Stamps what comes next; a step that is sent again keeps the time of its first sending."""
    operation.updated_at = now
    if isinstance(following, Send):
        if operation.step != following.step or operation.first_sent_at is None:
            operation.first_sent_at = now
        renewed = operation.step == following.step and _is_renewed(operation)
        operation.step, operation.request = following.step, following.request.dump()
        if renewed:
            renew(operation)
        operation.due_at = now + LEASE
    elif isinstance(following, Finish):
        _finish(operation, following)
    else:
        operation.status = OperationStatus.RELEASED
        operation.attempt += 1


def _finish(operation: Operation, finish: Finish) -> None:
    operation.status = OperationStatus.FAILED if finish.error else OperationStatus.SUCCEEDED
    operation.error = finish.error.dump() if finish.error else None
    operation.result = finish.result
    # What was asked may hold personal values, and nobody sends it again.
    operation.request = None


def stored_request(operation: Operation) -> Request:
    """What is to be sent at the operation's step."""
    if operation.request is None:
        raise ValueError(f"operation {operation.id} has nothing to send")
    return Request.load(operation.request)


def is_gone(operation: Operation, refusal: BillingError) -> bool:
    """Whether Stripe knows nothing of the object that this was to change: there is nothing to go on with.

    One that the operation has made itself is not given up.
    """
    missing = isinstance(refusal, StripeRejected) and refusal.http_status == NOT_FOUND
    own = stored_request(operation).path.split("/")[-1:] == [operation.subject]
    return missing and own and operation.subject not in operation.result.values()


def renew(operation: Operation) -> None:
    """Notes that the step is sent under another key, because Stripe keeps a fault for the last one."""
    operation.request = {**(operation.request or {}), "renewed": True}


def _is_renewed(operation: Operation) -> bool:
    return "renewed" in (operation.request or {})


def is_forgotten(operation: Operation, now: datetime) -> bool:
    """Whether Stripe may have forgotten the key under which the step was sent first."""
    return operation.first_sent_at is not None and now - operation.first_sent_at > RESEND_WINDOW


def is_in_doubt(operation: Operation, now: datetime) -> bool:
    """Whether an earlier sending of the step may have done it, whose key tells nothing any more."""
    return _is_renewed(operation) or is_forgotten(operation, now)
