"""Running a walk: taking it, going on where it was or beginning anew, and letting go of it."""

import asyncio

from billing.errors import Conflict
from billing.journal import Cause, caused_by
from billing.recovery import walks
from billing.recovery.frugal import frugal
from billing.recovery.importing import Importer
from billing.recovery.keeping import Watch, forget
from billing.recovery.learners import Learner
from billing.recovery.plans import IMPORT, Place, Plan
from billing.recovery.tallies import Report
from billing.recovery.walking import Walker
from billing.runtime import Runtime
from billing.tables import Walk

# Seconds between two looks whether a killed process's lease is over.
LOOK_AGAIN = 0.5


async def walk(runtime: Runtime, plan: Plan, watch: Watch, *, anew: bool = False) -> Report:
    """Walks by this plan, from where an unfinished run with the same plan was; `anew` gives that up.

    Raises Conflict (another process is at it, or an unfinished run has another plan), StripeUnavailable,
    StripeRejected; then a further call goes on.
    """
    taken = await _take(runtime, plan.name)
    async with walks.holding(runtime, taken):
        if taken.place and taken.place["plan"] != plan.dump() and not anew:
            message = f"An unfinished {plan.name} had other options: {_told(taken)}. Repeat those, or add --restart."
            raise Conflict(message)
        learner = Importer(plan.external_id_key) if plan.name == IMPORT else Learner()
        place, report = await _begin(runtime, taken, anew=anew)
        walker = Walker(frugal(runtime), taken, plan, place, report, learner, watch)
        try:
            with caused_by(Cause.reconciliation(plan.name)):
                return await walker.run()
        except walks.Overtaken as overtaken:
            raise Conflict(str(overtaken)) from overtaken


async def _take(runtime: Runtime, name: str) -> Walk:
    """The walk; a killed process's is waited for, which renews its lease no more."""
    deadline = runtime.clock() + walks.LEASE * 1.5
    while True:
        async with runtime.database.transaction() as session:
            taken = await walks.take(session, name, runtime.clock())
        if taken is not None:
            return taken
        if runtime.clock() >= deadline:
            raise Conflict(f"Another process is at it: only one {name} runs at a time.")
        await asyncio.sleep(LOOK_AGAIN)


async def _begin(runtime: Runtime, taken: Walk, *, anew: bool) -> tuple[Place, Report]:
    if taken.place and not anew:
        return Place.load(taken.place["place"]), Report.load(taken.report)
    async with runtime.database.transaction() as session:
        await forget(session, taken.name)
        await walks.save(session, taken, runtime.clock() + walks.LEASE, place={}, report={})
    return Place(), Report()


def _told(taken: Walk) -> str:
    plan = taken.place["plan"]
    told = [f"{name} {value}" for name, value in plan.items() if name != "name" and value not in (None, False)]
    return "; ".join(told).replace("['", "").replace("']", "").replace("', '", ", ")
