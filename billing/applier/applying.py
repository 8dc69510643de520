"""Applying the events of one object: learn each, in one transaction; read the object where that does not settle it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, tracing
from billing.applier.claiming import Overtaken, finish
from billing.applier.considering import considering
from billing.applier.reading import learn_parent, read
from billing.applier.telling import Told
from billing.errors import BillingError
from billing.journal import Cause, because, caused_by
from billing.mirror import Decision, Learned, NotOurs, ParentUnknown
from billing.mirror.expanding import complete, is_truncated
from billing.mirror.kinds import is_mirrored
from billing.mirror.storing import ONE_SECOND_OVER, tells_nothing_more
from billing.runtime import Runtime
from billing.stripe_gateway import API_VERSION, Answer
from billing.tables import EventStatus, StripeEvent

log = structlog.get_logger()

# After the last of them an event is FAILED, and waits for a person.
ATTEMPTS = 10
LONGEST_WAIT = timedelta(hours=1)
LONGEST_REASON = 1000


async def apply_object(runtime: Runtime, events: Sequence[StripeEvent], now: datetime) -> None:
    """Applies the events, all of one object and all held by this worker; what fails is kept on the event."""
    worn = [event for event in events if event.attempts > ATTEMPTS]
    await _fail(runtime, worn, RuntimeError("its workers died, or stood still, each time"), now)
    events = [event for event in events if event not in worn]
    if not events:
        return
    ids = [event.stripe_id for event in events]
    with (
        # What is decided or read besides is owed to the latest of them.
        caused_by(Cause.event(events[-1].stripe_id)),
        structlog.contextvars.bound_contextvars(stripe_event=",".join(ids)),
        tracing.span("apply stripe event", {"stripe.event": ids[0], "stripe.events": len(ids)}, events=ids),
    ):
        log.info("events taken", object=events[0].object_stripe_id, attempts=events[0].attempts)
        await _apply(runtime, events, now)


async def _apply(runtime: Runtime, events: Sequence[StripeEvent], now: datetime) -> None:
    try:
        unclear = await _learn(runtime, [Told.by(event) for event in events], now)
    except Overtaken as overtaken:
        log.warning("event overtaken", reason=str(overtaken))
        return
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one object must not stop the others
        await _blame(runtime, events, error, now)
        return
    if unclear:
        await _settle(runtime, unclear, now)


async def _blame(runtime: Runtime, events: Sequence[StripeEvent], error: Exception, now: datetime) -> None:
    """One event of several may be at fault: then each is applied on its own, unless it is Stripe that fails."""
    if len(events) == 1 or isinstance(error, BillingError):
        await _fail(runtime, events, error, now)
        return
    for event in events:
        await apply_object(runtime, [event], now)


async def _learn(runtime: Runtime, told: Sequence[Told], now: datetime) -> list[Told]:
    """Answers with the events that cannot be put in order. Parents that are unknown are read and learned first."""
    told = [await _complete(runtime, each) for each in told]
    asked: set[str] = set()
    while True:
        try:
            async with considering(runtime, told[0].data, now) as session:
                return await _learn_in_order(session, told, now)
        except ParentUnknown as unknown:
            if unknown.stripe_id in asked:
                raise
            asked.add(unknown.stripe_id)
            try:
                await learn_parent(runtime, unknown, now)
            except NotOurs as reason:
                await _skip(runtime, told, str(reason))
                return []


async def _complete(runtime: Runtime, told: Told) -> Told:
    """Lists in a snapshot stop at ten."""
    if not is_mirrored(told.data) or not is_truncated(told.data):
        return told
    return told.with_object(await complete(runtime.gateway, told.data))


async def _skip(runtime: Runtime, told: Sequence[Told], reason: str) -> None:
    async with runtime.database.transaction() as session:
        for each in told:
            await finish(session, each.event, status=EventStatus.SKIPPED, error=reason)


async def _learn_in_order(session: AsyncSession, told: Sequence[Told], now: datetime) -> list[Told]:
    """What one event leaves unclear the next one may explain, so those are tried again as long as that helps."""
    while told:
        unclear = [each for each in told if not await _learn_one(session, each, now)]
        if len(unclear) == len(told):
            break
        told = unclear
    return list(told)


async def _learn_one(session: AsyncSession, told: Told, now: datetime) -> bool:
    """Whether the event is done with."""
    await because(session, Cause.event(told.event.stripe_id))
    try:
        learned = await _decide(session, told, now)
    except NotOurs as reason:
        await finish(session, told.event, status=EventStatus.SKIPPED, error=str(reason))
        return True
    if learned.decision is Decision.READ:
        return False
    values: dict[str, object] = {"status": EventStatus.APPLIED, "error": None, "applied_at": now}
    if learned.decision is Decision.SKIP and not learned.confirmed:
        values = {"status": EventStatus.SKIPPED, "error": "older than what is known"}
    if learned.redacted:
        values["payload"] = told.without_person()
    await finish(session, told.event, **values)
    return True


async def _decide(session: AsyncSession, told: Told, now: datetime) -> Learned:
    """An event in another version of the API only hints that something happened."""
    if told.event.api_version == API_VERSION or not is_mirrored(told.data):
        return await mirror.learn(session, told.data, told.known, now=now)
    if await tells_nothing_more(session, told.event.object_stripe_id, told.second):
        return Learned(Decision.SKIP)
    return Learned(Decision.READ)


async def _settle(runtime: Runtime, unclear: Sequence[Told], now: datetime) -> None:
    """Reads the object once for all events that could not be put in order, when their second is over."""
    try:
        second = max(each.known.known_until for each in unclear)
        over = max(each.event.created_at for each in unclear) + ONE_SECOND_OVER
        if now < over or not await _read(runtime, unclear, second, now):
            await _postpone(runtime, unclear, max(over, now + ONE_SECOND_OVER))
    except Overtaken as overtaken:
        log.warning("event overtaken", reason=str(overtaken))
    except Exception as error:  # noqa: BLE001 - kept on the events, and logged there
        await _fail(runtime, [each.event for each in unclear], error, now)


async def _read(runtime: Runtime, unclear: Sequence[Told], second: int, now: datetime) -> bool:
    """Whether the answer settled it: what is known then must be later than the second, by Stripe's own clock."""
    first = unclear[0]
    answer = await read(runtime, first.event.object_stripe_id, first.data["object"])
    async with considering(runtime, first.data, now) as session:
        if answer is None:
            await mirror.gone(session, first.event.object_stripe_id, now=now)
        elif not await _is_settled_by(session, answer, second, now):
            return False
        for each in unclear:
            await finish(session, each.event, status=EventStatus.APPLIED, error=None, applied_at=now)
    return True


async def _is_settled_by(session: AsyncSession, answer: Answer, second: int, now: datetime) -> bool:
    is_ours = await mirror.record(session, answer, now=now) is not None
    return not is_ours or await tells_nothing_more(session, answer.data["id"], second)


async def _postpone(runtime: Runtime, unclear: Sequence[Told], until: datetime) -> None:
    async with runtime.database.transaction() as session:
        for each in unclear:
            await finish(session, each.event, due_at=until, error="waits for its second to be over")


async def _fail(runtime: Runtime, events: Sequence[StripeEvent], error: Exception, now: datetime) -> None:
    for event in events:
        status = EventStatus.FAILED if event.attempts >= ATTEMPTS else EventStatus.RECEIVED
        due_at = now + min(timedelta(seconds=2**event.attempts), LONGEST_WAIT)
        try:
            async with runtime.database.transaction() as session:
                await finish(session, event, status=status, error=_reason(error), due_at=due_at)
        except Overtaken as overtaken:
            log.warning("event overtaken", reason=str(overtaken))
        else:
            _report(event, error)


def _reason(error: Exception) -> str:
    # A database error's own text repeats the statement with every value in it.
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}"[:LONGEST_REASON]


def _report(event: StripeEvent, error: Exception) -> None:
    told = {"stripe_event": event.stripe_id, "type": event.type, "attempts": event.attempts, "reason": _reason(error)}
    if event.attempts < ATTEMPTS:
        log.warning("event not applied", **told)
        return
    log.error("event failed; replayStripeEvent tries it again", exc_info=error, **told)
