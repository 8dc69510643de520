"""One cell: something goes wrong while a row is asked for, the client comes back or never does, a day passes."""

from collections import Counter
from dataclasses import dataclass

from sqlmodel import col, select

from billing.tables import Operation, OperationStatus
from tests.crashes.faults import Fault, Steps, steps_of
from tests.crashes.judging import Fair, complaints, picture
from tests.crashes.stand import Prepared, Stand, World

OVER = (OperationStatus.SUCCEEDED, OperationStatus.FAILED)
BACK, NEVER = "comes back", "never comes back"


@dataclass(frozen=True)
class Weather:
    """What a row does in fair weather."""

    steps: Steps
    fair: Fair


async def fair_weather(stand: Stand, prepared: Prepared) -> Weather:
    """Learns it, by asking once and by not asking."""
    async with stand.world(prepared) as world:
        await world.pass_time()
        nothing = await picture(world)
    async with stand.world(prepared) as world:
        before = await done(world)
        steps, outcome = await steps_of(world)
        led_to = await done(world) - before
        assert set(led_to) >= prepared.row.operations, f"it led to {dict(led_to)}"
        await world.pass_time()
        fair = Fair(nothing, await picture(world), outcome)
        assert await complaints(world, fair, outcome) == []
    return Weather(steps, fair)


async def done(world: World) -> Counter[str]:
    """How many operations of each mutation there are that are over."""
    ended = select(Operation.mutation).where(col(Operation.status).in_(OVER))
    async with world.life.runtime.database.read() as session:
        return Counter((await session.exec(ended)).all())


async def play(stand: Stand, prepared: Prepared, weather: Weather, fault: Fault, client: str) -> list[str]:
    """What is not as it must be, in the end."""
    async with stand.world(prepared) as world:
        outcome = await fault.strike(world)
        world.proxy.clear()
        if client == BACK and prepared.row.mutation:
            # A lease that a dead process left behind has run out by then.
            world.sandbox.advance(minutes=2)
            outcome = await world.come_back()
        await world.pass_time()
        found = await complaints(world, weather.fair, outcome)
        return found or await _late(world, weather.fair, client)


async def _late(world: World, fair: Fair, client: str) -> list[str]:
    """Who comes back after a day finds the one effect, or makes it."""
    if client == BACK or world.prepared.row.mutation is None:
        return []
    outcome = await world.come_back()
    await world.calm_down()
    found = await complaints(world, fair, outcome)
    if found:  # what is kept for a day, until the customer has confirmed it, was made only now
        await world.pass_time()
        found = await complaints(world, fair, outcome)
    return [f"a day later: {each}" for each in found]
