"""How many signed events one server process stores and answers per second over HTTP, and how long Stripe waits.

The servers are the real ones (`assent serve`, applying left to workers), each in a process of its own, and so is the
client. Beside them, in the same rounds: dj-stripe on the same PostgreSQL, with a type of event that it only keeps,
which costs it least (one that it handles it reads at Stripe before it answers); single-row commits of the same rows,
one after the other; the check of the signature alone. Databases wait for the disk, as in production.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import select

from bench import dj_stripe
from bench.commits import Alone, checks, connect, postgres_commits, sqlite_commits
from bench.load import Client, Deliveries, Load, Outcome
from bench.measuring import running_databases
from billing.database import Database
from billing.migrations import migrate
from billing.tables import StripeEvent
from tests.billing import stripe_objects
from tests.billing.stripe_events import an_event
from tests.running_assent import WEBHOOK_SECRET as SECRET
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox

ROUNDS = 3
SECONDS = 3.0  # a way's turn in a round
WARMING = 1.0
CONNECTIONS = 32
DJ_STRIPES_CONNECTIONS = 8  # as many as it has threads
TICKS = os.sysconf("SC_CLK_TCK")


def event(type: str, data: dict[str, Any]) -> str:
    """An event whose id is to be filled in."""
    made = an_event(type, data, int(time.time()))
    return json.dumps({**made, "id": "evt_{number}"})


KEPT = event("billing_portal.session.created", stripe_objects.invoice("in_1", "cus_1", "sub_1"))


@dataclass
class Way:
    """One server that takes deliveries."""

    name: str
    port: int
    path: str
    event: str
    connections: int
    cpu: Callable[[], float] | None = None
    full: Outcome = field(default_factory=Outcome)
    half: Outcome = field(default_factory=Outcome)
    warming: Outcome = field(default_factory=Outcome)
    used: float = 0

    def turn(self, client: Client, seconds: float, outcome: Outcome, rate: float | None = None) -> None:
        """Deliveries for so long, as fast as they are answered or at a rate."""
        before = self.cpu() if self.cpu else 0
        load = Load(self.port, Deliveries(self.path, self.event, SECRET), self.connections, seconds, rate)
        outcome.add(client.deliver(load))
        if self.cpu and outcome is self.full:
            self.used += self.cpu() - before

    @property
    def answered(self) -> int:
        """How often the answer was 200, over all turns."""
        return sum(each.answers[200] for each in (self.full, self.half, self.warming))


def main() -> None:
    """Measures and prints."""
    print(
        f"Webhooks: signed events of {len(KEPT)} bytes, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS:.0f} s"
    )
    with ExitStack() as stack:
        folder, urls = stack.enter_context(running_databases())
        client = Client()
        stack.callback(client.close)
        ours = [stack.enter_context(assent(folder, name, url)) for name, url in urls.items()]
        theirs = djstripes(stack, folder, urls["PostgreSQL"])
        alone = [
            Alone("SQLite, a commit for each row", stack.enter_context(sqlite_commits(folder, KEPT))),
            Alone("PostgreSQL, a commit for each row", stack.enter_context(postgres_commits(urls["PostgreSQL"], KEPT))),
            Alone("the signature alone", checks(KEPT, SECRET)),
        ]
        for way in (*ours, *theirs):
            way.turn(client, WARMING, way.warming)
        for _ in range(ROUNDS):
            for way in (*ours, *theirs):
                way.turn(client, SECONDS, way.full)
            for each in alone:
                each.turn(SECONDS / 3)
        for way in ours:
            way.turn(client, SECONDS * 2, way.half, rate=way.full.rate / 2)
        report(ours, theirs, alone)
        for way, url in zip(ours, urls.values(), strict=True):
            stored = asyncio.run(count(url))
            print(f"  {way.name}: {way.answered} answered with 200, {stored} stored")
            assert stored == way.answered, "they differ"


@contextmanager
def assent(folder: Path, name: str, url: str) -> Iterator[Way]:
    """`assent serve` on this database."""
    asyncio.run(migrate(url))
    (folder / name).mkdir()
    with (
        RunningSandbox(folder / name) as sandbox,
        RunningAssent(folder / name, url, sandbox.base_url, APPLIER="false") as it,
    ):
        yield Way(f"Assent on {name}", it.port, "/webhooks/stripe", KEPT, CONNECTIONS, lambda: cpu(it))


def cpu(running: RunningAssent) -> float:
    """Seconds that its process has used, without the database's; 0 where the system does not tell."""
    file = Path(f"/proc/{running.pid}/stat")
    fields = file.read_text().rpartition(")")[2].split() if file.exists() else ["0"] * 13
    return (int(fields[11]) + int(fields[12])) / TICKS


def djstripes(stack: ExitStack, folder: Path, url: str) -> list[Way]:
    """dj-stripe, where it is to be had."""
    socket = Path(url.partition("?host=")[2])
    try:
        asyncio.run(create_database(url, "dj_stripe"))
        port, path = stack.enter_context(dj_stripe.running(folder, (socket, "dj_stripe"), SECRET))
    except dj_stripe.Unavailable as reason:
        print(f"dj-stripe cannot be run here: {reason}")
        return []
    return [Way("dj-stripe", port, path, KEPT, DJ_STRIPES_CONNECTIONS)]


async def create_database(url: str, name: str) -> None:
    """An empty one on the same server."""
    connection = await connect(url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


async def count(url: str) -> int:
    """How many events are stored."""
    database = Database(url)
    async with database.read() as session:
        found: int = (await session.exec(select(func.count()).select_from(StripeEvent))).one()
    await database.close()
    return found


def report(ours: list[Way], theirs: list[Way], alone: list[Alone]) -> None:
    """Prints what was measured, and what it is beside each other."""
    for way in (*ours, *theirs):
        used = f"  {way.used / way.full.answers[200] * 1e6:.0f} us of CPU an event" if way.used else ""
        refused = {status: count for status, count in way.full.answers.items() if status != 200}
        print(f"  {way.name:42} {told(way.full)}{used}{f'  {refused}' if refused else ''}")
        if way.half.seconds:
            print(f"  {'':8}{'at half of it, at a fixed rate':34} {told(way.half)}")
    for each in alone:
        print(f"  {each.name:42} {each.rate:8,.0f}/s")
    rates = {**{way.name: way.full.rate for way in theirs}, **{each.name: each.rate for each in alone}}
    for way in ours:
        print(
            f"  {way.name} is",
            ", ".join(f"{way.full.rate / rate:.2f} x {name}" for name, rate in rates.items() if rate),
        )


def told(outcome: Outcome) -> str:
    """One line; the client's own share of a core shows whether it was in the way."""
    times = f"p50 {outcome.quantile(0.5):6.1f} ms  p99 {outcome.quantile(0.99):6.1f} ms"
    return f"{outcome.rate:8,.0f}/s  {times}  client {outcome.cpu / outcome.seconds:4.0%}"


if __name__ == "__main__":
    main()
