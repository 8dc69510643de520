"""Rounds of applying, and the loop that makes them."""

import asyncio
from datetime import datetime

import structlog

from billing.applier.applying import apply_object
from billing.applier.claiming import claim_events, claim_objects
from billing.applier.reading import refresh
from billing.runtime import Runtime
from billing.signals import EVENTS

log = structlog.get_logger()

# Seconds between two looks when nobody wakes the applier: what was put off becomes due.
POLL = 1.0


async def apply_due(runtime: Runtime, *, now: datetime, limit: int = 100) -> int:
    """One round: the due events of at most `limit` objects, and objects to be read again. How many there were."""
    groups = await claim_events(runtime.database, now, limit)
    for events in groups:
        await apply_object(runtime, events, now)
    objects = await claim_objects(runtime.database, now, limit)
    for stripe_id, type in objects:
        await _refresh(runtime, stripe_id, type, now)
    return sum(len(events) for events in groups) + len(objects)


async def _refresh(runtime: Runtime, stripe_id: str, type: str, now: datetime) -> None:
    try:
        await refresh(runtime, stripe_id, type, now)
    except Exception:  # its lease runs out, and it is read then
        log.warning("object not read", object=stripe_id, exc_info=True)


async def run_applier(runtime: Runtime, stop: asyncio.Event) -> None:
    """Applies whatever is due until `stop`, woken by whoever stores events, in any process."""
    with runtime.signals.watching(EVENTS) as woken:
        while not stop.is_set():
            woken.clear()
            if not await _round(runtime):
                await _pause(woken, stop)


async def _round(runtime: Runtime) -> int:
    try:
        return await apply_due(runtime, now=runtime.clock())
    except Exception:  # such as a database that is away; what was taken is due again when its lease ends
        log.exception("applier could not work")
        return 0


async def _pause(wake: asyncio.Event, stop: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (wake, stop)]
    try:
        await asyncio.wait(waits, timeout=POLL, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
