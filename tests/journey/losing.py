"""Deliveries that get lost, and a server that is killed over and over: what Assent knows in the end."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import col, func, select, update

from billing.budget import Budget
from billing.database import Database
from billing.mirror import SUBSCRIBED_EVENTS
from billing.runtime import Runtime, utc_now
from billing.stripe_gateway import StripeGateway
from billing.tables import EventSource, EventStatus, StripeEvent, StripeObject, Walk
from tests.comparing import differences
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox, until
from tests.sandbox_client import KEY

SETTINGS = {"SWEEP_EVENTS_EVERY": "1", "STRIPE_CALLS_PER_SECOND": "100"}
# A field that changes at Stripe without an event.
SILENT = "otherwise: webhooks_delivered_at"
# Seconds for the sweeps to find and the applier to apply what was lost.
PATIENCE = 60.0


@dataclass(frozen=True)
class Kept:
    """What of it is here in the end."""

    at_stripe: int
    missing: set[str]
    swept: int
    unsettled: int
    different: list[str]


def lose(sandbox: RunningSandbox, share: float, seed: int) -> None:
    """Of every hundred deliveries so many never arrive: half as failed for good, half as if they had been answered."""
    for what in ("drop", "lose"):
        sandbox.control("weather/deliveries", what=what, rate=share / 2, seed=seed)


def live_while_killed(
    assent: RunningAssent, happen: Callable[[int], Any], *, times: int, kills: int, seed: int
) -> None:
    """Lets `happen` so many times, and in between, at random points, kills the server and starts it again."""
    choice = random.Random(seed)  # noqa: S311 - the same in every run
    deaths = set(choice.sample(range(times), kills))
    for number in range(times):
        happen(number)
        if number in deaths:
            time.sleep(choice.random() / 4)
            assent.kill()
            assent.within(end_leases)
            assent.start()


async def end_leases(database: Database) -> None:
    """Lets go of what the dead process held. Only its time ends a lease, and a test need not wait for that."""
    now = utc_now()
    held: list[tuple[Any, Any]] = [(StripeEvent, StripeEvent.due_at), (Walk, Walk.due_at)]
    async with database.transaction() as session:
        for table, due_at in held:
            await session.exec(update(table).where(due_at > now).values(due_at=now))
        objects = update(StripeObject).where(col(StripeObject.refresh_at) > now)
        await session.exec(objects.values(refresh_at=now))


def kept(
    assent: RunningAssent, sandbox: RunningSandbox, *, but: Callable[[str], bool] = lambda difference: False
) -> Kept:
    """Compares when nothing is missing and nothing waits any more, or patience is over; `but` is what may differ."""
    found = Kept(0, set(), 0, 0, [])
    for _ in until(PATIENCE):
        counted = assent.within(lambda database: _count(database, sandbox))
        found = replace(counted, different=[each for each in counted.different if not but(each)])
        if not found.missing and not found.unsettled and not found.different:
            break
        time.sleep(0.5)
    return found


async def _count(database: Database, sandbox: RunningSandbox) -> Kept:
    gateway = StripeGateway(KEY, account="acct_test", base=sandbox.base_url)
    runtime = Runtime(database, gateway, allows_redirect=lambda _: True, budget=Budget(1000.0))
    try:
        told = await gateway.list_all("/v1/events")
        wanted = {each["id"] for each in told if each["type"] in SUBSCRIBED_EVENTS}
        async with database.read() as session:
            stored = set((await session.exec(select(StripeEvent.stripe_id))).all())
            swept = select(func.count()).where(col(StripeEvent.source) == EventSource.SWEEP)
            settled = (EventStatus.APPLIED, EventStatus.SKIPPED)
            waiting = select(func.count()).where(col(StripeEvent.status).not_in(settled))
            counts = (await session.exec(swept)).one(), (await session.exec(waiting)).one()
        different = (
            []
            if wanted - stored or counts[1]
            else [each for each in await differences(runtime) if not each.endswith(SILENT)]
        )
        return Kept(len(wanted), wanted - stored, *counts, different)
    finally:
        await gateway.close()
