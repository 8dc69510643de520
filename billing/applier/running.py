"""Applying what is due: many objects at once, the events of each one after the other."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from billing.applier.applying import apply_object
from billing.applier.claiming import Work, claim
from billing.applier.leasing import Holder, holding
from billing.applier.reading import refresh
from billing.database import Database
from billing.journal import Cause, caused_by
from billing.runtime import Runtime
from billing.signals import EVENTS

log = structlog.get_logger()

# Seconds between two looks when nobody wakes the applier: what was put off becomes due.
POLL = 1.0

# Objects that one process is at together: what waits for Stripe or the database leaves its turn to the others. SQLite
# has one writer, so there it is only for Stripe's sake.
AT_ONCE = {"postgresql": 8, "sqlite": 2}


async def apply_due(runtime: Runtime, *, now: datetime, limit: int = 100) -> int:
    """One round: the due events of at most `limit` objects, and objects to be read again. How many there were."""
    holder = Holder()
    async with holding(runtime, holder):
        work = await claim(runtime.database, holder, now, limit)
        turns = asyncio.Semaphore(at_once(runtime.database))
        await asyncio.gather(*(_in_turn(turns, runtime, each, now) for each in work))
    return sum(len(each.events) + bool(each.reads) for each in work)


def at_once(database: Database) -> int:
    """How many objects a process is at together."""
    return AT_ONCE[database.dialect]


async def _in_turn(turns: asyncio.Semaphore, runtime: Runtime, work: Work, now: datetime) -> None:
    async with turns:
        await _do(runtime, work, now)


async def _do_held(runtime: Runtime, holder: Holder, work: Work, now: datetime) -> None:
    try:
        await _do(runtime, work, now)
    except Exception:  # such as a database that is away; what was taken is due again
        log.exception("object not applied", object=work.stripe_id)
    finally:
        holder.finish(work.stripe_id)


async def _do(runtime: Runtime, work: Work, now: datetime) -> None:
    if work.events:
        await apply_object(runtime, work.events, now)
    if work.reads:
        try:
            with caused_by(Cause.reconciliation("refresh")):
                await refresh(runtime, work.stripe_id, work.reads, now)
        except Exception:  # it is read later
            log.warning("object not read", object=work.stripe_id, exc_info=True)


async def run_applier(runtime: Runtime, stop: asyncio.Event) -> None:
    """Applies whatever is due until `stop`, woken by whoever stores events, in any process; then ends what is begun."""
    holder = Holder()
    with runtime.signals.watching(EVENTS) as woken:
        async with holding(runtime, holder), _all_of_them() as running:
            while not stop.is_set():
                woken.clear()
                began = await _begin(runtime, holder, running, stop)
                # Not before half of the places are free again: a claim is a commit.
                most = at_once(runtime.database) // 2
                while len(running) > most:
                    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                if not began:
                    await _pause(woken, stop, running)


@asynccontextmanager
async def _all_of_them() -> AsyncIterator[set[asyncio.Task[None]]]:
    """Tasks that are finished before it ends, or ended with it where it is canceled."""
    running: set[asyncio.Task[None]] = set()
    try:
        yield running
        if running:
            await asyncio.wait(running)
    finally:
        for each in running:
            each.cancel()


async def _begin(runtime: Runtime, holder: Holder, running: set[asyncio.Task[None]], stop: asyncio.Event) -> int:
    """Starts on as many objects as there are places free; how many."""
    now = runtime.clock()
    try:
        work = await claim(runtime.database, holder, now, at_once(runtime.database) - len(running))
    except Exception:  # such as a database that is away
        log.exception("applier could not work")
        return 0
    for each in work:
        task = asyncio.create_task(_do_held(runtime, holder, each, now))
        running.add(task)
        task.add_done_callback(running.discard)
    return len(work)


async def _pause(woken: asyncio.Event, stop: asyncio.Event, running: Iterable[asyncio.Task[None]]) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (woken, stop)]
    try:
        await asyncio.wait([*waits, *running], timeout=POLL, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
