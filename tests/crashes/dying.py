"""kill -9 of the server that is asked, or of the worker that has something to do."""

import asyncio
import re
from dataclasses import dataclass

import httpx

from tests.crash_proxy import Moment, Trouble
from tests.crashes import doomed
from tests.crashes.stand import LOST, Outcome, World
from tests.running_assent import FORKS, PATIENCE, RunningAssent, eventually

ANY = ".*"


async def killed_at(point: str, world: World) -> Outcome:
    """At a commit of its own."""
    return await asyncio.to_thread(_ask_the_doomed, world, point, None)


@dataclass(frozen=True)
class Sent:
    """A request to Stripe: the how manieth in fair weather, and what it asks."""

    number: int
    asked: str


async def killed_during(request: Sent, world: World) -> Outcome:
    """While Stripe's answer to a request is on its way."""
    return await asyncio.to_thread(_ask_the_doomed, world, "", request)


def _ask_the_doomed(world: World, point: str, request: Sent | None) -> Outcome:
    settings = {doomed.CRASH_AT: point, doomed.CLOCK: world.sandbox.base_url, "APPLIER": "false"}
    row = world.prepared.row
    if row.mutation is None:
        return _let_the_doomed_work(world, settings, request)
    server = RunningAssent(world.folder, world.database_url, world.proxy.base_url, **settings)
    server.program = doomed.serve
    with server:
        if request is not None:
            world.proxy.prepare(Trouble(ANY, Moment.DONE, server.kill, skip=request.number))
        try:
            answer = server.post(row.document, {"input": world.prepared.given}).json()
        except httpx.TransportError:
            eventually(lambda: not server.is_alive)
            return LOST
        raise AssertionError(f"it lives, and has answered {answer}")


def _let_the_doomed_work(world: World, settings: dict[str, str], request: Sent | None) -> Outcome:
    server = RunningAssent(world.folder, world.database_url, world.proxy.base_url, **settings)
    process = FORKS.Process(target=doomed.work, args=(server.settings, world.folder / "assent.log"), daemon=True)
    if request is not None:
        # Found by its name, because a worker asks for other things too.
        world.proxy.prepare(Trouble(re.escape(request.asked), Moment.DONE, process.kill))
    process.start()
    process.join(PATIENCE)
    reached = process.exitcode is not None
    process.kill()
    process.join()
    assert reached, "it lives"
    return LOST
