"""Running an operation: reserve, call, record. One of the three places in `billing` that open transactions."""

from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import errors, mirror, tracing
from billing.callers import ASSENT
from billing.errors import BillingError, Conflict, StripeRejected, StripeUnavailable
from billing.journal import Cause, caused_by
from billing.operations.model import Call, Next, Outcome, Procedure, Undone, absent, stripe_key
from billing.operations.searching import makes, search, search_lost
from billing.operations.taking import (
    NOT_FOUND,
    UNKNOWN,
    advance,
    claim,
    is_forgotten,
    is_gone,
    patiently,
    renew,
    stored_request,
    take,
)
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Declined, IdempotencyFault
from billing.tables import Operation, OperationStatus

log = structlog.get_logger()

# Until Assent tries again what Stripe refused to it.
TRY_AGAIN = timedelta(minutes=5)


class Overtaken(Exception):
    """Our lease ran out and somebody else has taken the operation."""


async def run(runtime: Runtime, procedure: Procedure, call: Call) -> Operation:
    """Carries a mutation out, once for its key, and answers with the finished operation (SUCCEEDED or FAILED).

    Raises what `begin` raises; IdempotencyMismatch; Conflict; StripeRejected, after which the key may be used again;
    StripeUnavailable, after which the same key continues.
    """
    while True:
        operation = await take(runtime, procedure, call)
        try:
            return await drive(runtime, procedure, operation)
        except Overtaken:
            continue


async def drive(runtime: Runtime, procedure: Procedure, operation: Operation) -> Operation:
    """Goes from step to step until the operation is over. The caller holds its lease."""
    about = {"operation": str(operation.id), "mutation": operation.mutation}
    with (
        caused_by(Cause.operation(operation)),
        structlog.contextvars.bound_contextvars(**about),
        tracing.span(operation.mutation, about),
    ):
        while operation.status == OperationStatus.PENDING:
            outcome = await ask(runtime, procedure, operation)
            operation = await record(runtime, procedure, operation, outcome)
        log.info("operation over", status=operation.status)
    return operation


def failure(operation: Operation) -> BillingError | None:
    """The error with which the operation ended, the same for everyone who asks with its key."""
    return errors.load(operation.error) if operation.error else None


async def ask(runtime: Runtime, procedure: Procedure, operation: Operation) -> Outcome:
    """Sends the step's request, or reads what became of one that may not be sent again."""
    if operation.due_at <= runtime.clock():
        # Held up for longer than the lease: whoever sends now has to decide anew whether it may be sent.
        raise Overtaken
    try:
        if operation.step in procedure.looks:
            return await _look(runtime, procedure, operation)
        if makes(procedure, operation) and is_forgotten(operation, runtime.clock()):
            # A wanted state may be sent again under a key that Stripe has forgotten; this may not.
            return await _find_out(runtime, procedure, operation)
        return await _send(runtime, procedure, operation)
    except (Declined, StripeRejected) as refusal:
        if stored_request(operation).method == "get" and not is_gone(operation, refusal):
            raise await _not_yet(runtime, operation, refusal) from refusal
        return refusal
    except StripeUnavailable:
        with suppress(Overtaken):  # its key is free again, or somebody else goes on
            await let_go(runtime, operation, OperationStatus.PENDING)
        raise
    except IdempotencyFault as fault:
        with suppress(BillingError):  # then a person settles it
            if found := await find_lost(runtime, operation):
                return found
        log.exception("stripe saw another request under our key", operation=str(operation.id), detail=fault.message)
        await let_go(runtime, operation, OperationStatus.UNKNOWN)
        raise Conflict(UNKNOWN) from fault


async def _send(runtime: Runtime, procedure: Procedure, operation: Operation) -> Outcome:
    harmless = operation.step in procedure.harmless
    key = None if harmless else stripe_key(runtime.gateway.account, operation)
    try:
        return await runtime.gateway.send(stored_request(operation), idempotency_key=key)
    except StripeUnavailable as silence:
        if harmless or not silence.replayed:
            raise
        if not makes(procedure, operation):
            # A wanted state is not found out but wanted again, under a key that Stripe has no fault for.
            await _renew(runtime, operation)
            raise
        return await _find_out(runtime, procedure, operation)


async def _renew(runtime: Runtime, operation: Operation) -> None:
    async with runtime.database.transaction() as session:
        held = await _hold(session, operation)
        held.attempt += 1
        renew(held)
        session.add(held)


async def _not_yet(runtime: Runtime, operation: Operation, refusal: BillingError) -> StripeUnavailable:
    """A refusal that says nothing of what has been done already: it stays to be continued with the same key."""
    with suppress(Overtaken):
        await let_go(runtime, operation, OperationStatus.PENDING)
    return StripeUnavailable(
        f"Stripe refused to go on ({refusal.message}); repeat the call with the same idempotencyKey."
    )


async def _look(runtime: Runtime, procedure: Procedure, operation: Operation) -> Answer | StripeRejected:
    try:
        return await search(runtime.gateway, procedure, operation) or absent()
    except StripeRejected as refusal:
        raise await _not_yet(runtime, operation, refusal) from refusal


async def _find_out(runtime: Runtime, procedure: Procedure, operation: Operation) -> Outcome:
    """Stripe may have forgotten the key by now, or keeps a fault for it: nothing is sent, only looked for."""
    found = await _look(runtime, procedure, operation)
    if isinstance(found, Answer):
        return found
    if operation.step in procedure.unsure:
        log.error("the outcome at stripe is unknown; assent operations settle", operation=str(operation.id))
        await let_go(runtime, operation, OperationStatus.UNKNOWN)
        raise Conflict(UNKNOWN)
    await release(runtime, procedure, operation)
    raise StripeUnavailable("This call came to nothing at Stripe; call again with the same idempotencyKey.", 0)


async def find_lost(runtime: Runtime, operation: Operation) -> Answer | None:
    """What this call made in a life of the database that a restored backup has ended; the operation takes its row."""
    found = await search_lost(runtime.gateway, operation)
    if found is None:
        return None
    async with runtime.database.transaction() as session:
        held = await _hold(session, operation)
        row = await mirror.record(session, found, now=runtime.clock())
        if row is None:
            return None
        held.node_id = operation.node_id = row.id
        session.add(held)
    log.warning("done before a backup was restored", operation=str(operation.id), object=found.data["id"])
    return found


async def record(runtime: Runtime, procedure: Procedure, operation: Operation, outcome: Outcome) -> Operation:
    """Writes an outcome down together with what follows from it.

    A step may name the object that the operation changes from there on: then it waits until nobody else has that.
    Raises what the step says or raises (StripeRejected) where nothing happened, with the key free again; Overtaken;
    Conflict.
    """

    async def attempt() -> tuple[Operation, Next]:
        async with runtime.database.transaction() as session:
            return await _record(session, procedure, await _hold(session, operation), outcome, runtime.clock())

    try:
        held, following = await patiently(attempt)
    except StripeRejected as refusal:
        if operation.result and not is_gone(operation, refusal):
            # Something has been made already, so this is not nothing.
            raise await _not_yet(runtime, operation, refusal) from refusal
        await release(runtime, procedure, operation, gone=refusal.http_status == NOT_FOUND)
        raise
    if isinstance(following, Undone):
        raise following.error
    return held


async def _record(
    session: AsyncSession, procedure: Procedure, operation: Operation, outcome: Outcome, now: datetime
) -> tuple[Operation, Next]:
    subject = operation.subject
    following = await procedure.steps[operation.step or ""](session, operation, outcome, now)
    if operation.subject != subject:
        await claim(session, operation)
    advance(operation, following, now)
    session.add(operation)
    await session.flush()
    return operation, following


async def release(runtime: Runtime, procedure: Procedure, operation: Operation, *, gone: bool = False) -> Operation:
    """Nothing happened; `gone`, because the object is no longer at Stripe.

    A client's key is free again; what Assent itself has to do it tries again, from the beginning.
    """
    async with runtime.database.transaction() as session:
        held = await _hold(session, operation)
        held.updated_at = runtime.clock()
        held.attempt += 1
        if held.actor == ASSENT:
            # Also where it is gone: no stop is dropped on the word of one 404.
            held.step, held.due_at = None, held.updated_at + TRY_AGAIN
        else:
            held.status = OperationStatus.RELEASED
        if procedure.undo is not None:
            await procedure.undo(session, held)
        session.add(held)
        if gone and held.subject is not None:
            await mirror.gone(session, held.subject, now=held.updated_at)
        return held


async def _hold(session: AsyncSession, operation: Operation) -> Operation:
    statement = select(Operation).where(Operation.id == operation.id).with_for_update()
    held = (await session.exec(statement)).one()
    if held.fence != operation.fence or held.status != OperationStatus.PENDING:
        raise Overtaken
    return held


async def let_go(runtime: Runtime, operation: Operation, status: OperationStatus) -> None:
    """Lets go of the operation, in this status."""
    async with runtime.database.transaction() as session:
        held = await _hold(session, operation)
        held.status = status
        held.due_at = held.updated_at = runtime.clock()
        session.add(held)
