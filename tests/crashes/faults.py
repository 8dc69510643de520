"""The columns of the matrix: what goes wrong, at every step of a row at which it can."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import httpx

from tests.crash_proxy import Moment, Trouble
from tests.crashes.doomed import watching_commits
from tests.crashes.dying import Sent, killed_at, killed_during
from tests.crashes.losing_the_database import cut_off, disk_full, restarted
from tests.crashes.stand import Outcome, World

KILLED, UNHEARD, DOWN, RESTARTED, FULL, AT_ONCE = COLUMNS = (
    "kill -9",
    "answer lost",
    "Stripe down",
    "database restarted",
    "disk full",
    "50 at once",
)
MANY = 50

ANY = ".*"
EVERY_TIME = 10**6
RESTS = {"minutes": 6}
"""How long Stripe is down."""


@dataclass(frozen=True)
class Steps:
    """What a row goes through in fair weather: its commits, and its requests to Stripe."""

    commits: int
    requests: list[str]


@dataclass(frozen=True)
class Fault:
    """One column at one step. `strike` does what the row is about meanwhile; how that ended for the client."""

    column: str
    step: str
    strike: Callable[[World], Awaitable[Outcome]]

    def __str__(self) -> str:
        return f"{self.column}, {self.step}"


def columns(steps: Steps, *, postgresql: bool, small: bool) -> list[Fault]:
    """Every fault of every column; some only with a server that can be restarted, or a disk that can be full."""
    requests = list(enumerate(steps.requests))
    commits = range(1, steps.commits + 1)
    found = [
        *(Fault(KILLED, f"{when} commit {n}", partial(killed_at, f"{when}:{n}")) for n in commits for when in WHEN),
        *(Fault(KILLED, f"during {asked}", partial(killed_during, Sent(n, asked))) for n, asked in requests),
        *(
            Fault(UNHEARD, f"{how} of {asked}", partial(unheard, n, loss))
            for n, asked in requests
            for how, loss in LOSSES.items()
        ),
        Fault(AT_ONCE, "with one key", at_once),
        Fault(DOWN, "connections closed", partial(stripe_down, None)),
        Fault(DOWN, "503", partial(stripe_down, 503)),
    ]
    if postgresql:
        found += [Fault(RESTARTED, f"during {asked}", partial(restarted, n)) for n, asked in requests]
        found += [Fault(RESTARTED, f"cut before commit {n}", partial(cut_off, n)) for n in commits]
    if small:
        found += [Fault(FULL, "at the reservation", disk_full)]
        found += [Fault(FULL, f"after {asked}", partial(disk_full, during=n)) for n, asked in requests]
    return found


WHEN = ("before", "after")


async def steps_of(world: World) -> tuple[Steps, Outcome]:
    """Asks once, in fair weather."""
    reached: list[str] = []
    with watching_commits(reached.append):
        outcome = await world.act()
    return Steps(len(reached) // 2, list(world.proxy.seen)), outcome


# Many ask for the same.


async def at_once(world: World) -> Outcome:
    """With one key; half of them with a pool of connections, and a way to Stripe, of their own."""
    outcomes = await asyncio.gather(*(world.act(hindered=n % 2 == 0) for n in range(MANY)))
    assert len(set(outcomes)) == 1, f"they were told {sorted(map(str, set(outcomes)))}"
    return outcomes[0]


# The answer is lost, and the process lives.


@dataclass(frozen=True)
class Loss:
    """`times` of them, because the SDK asks three times by itself."""

    status: int | None = None
    kept: bool = False
    times: int = 3
    event: Callable[[], None] | None = None


SHORT = 0.4
"""Seconds for which an answer is waited for where it does not come."""
LOSSES = {
    "no answer": Loss(),
    "a 500 that is kept": Loss(500, kept=True),
    "a timeout": Loss(times=1, event=partial(time.sleep, 2 * SHORT)),
}


async def unheard(n: int, loss: Loss, world: World) -> Outcome:
    """Stripe does what the n-th request says, and nobody hears of it."""
    world.proxy.prepare(
        Trouble(ANY, Moment.DONE, loss.event, status=loss.status, kept=loss.kept, times=loss.times, skip=n)
    )
    if loss.event is None:
        return await _in_fair_weather_again(world)
    with _impatient(world):
        return await _in_fair_weather_again(world)


@contextmanager
def _impatient(world: World) -> Iterator[None]:
    client = world.hindered.runtime.gateway._transport._client_async
    patient, client.timeout = client.timeout, httpx.Timeout(SHORT)
    try:
        yield
    finally:
        client.timeout = patient


async def _in_fair_weather_again(world: World) -> Outcome:
    outcome = await world.act()
    world.proxy.clear()
    return outcome


async def stripe_down(status: int | None, world: World) -> Outcome:
    """For minutes, in which the sweeps work too."""
    world.proxy.prepare(Trouble(ANY, Moment.BEFORE, status=status, times=EVERY_TIME))
    outcome = await world.act()
    world.sandbox.advance(**RESTS)
    await world.hindered.sweep()
    world.proxy.clear()
    return outcome
