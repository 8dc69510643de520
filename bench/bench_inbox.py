"""How many signed events the inbox verifies and stores per second, and how long Stripe waits for the answer.

Without HTTP. Beside it: the same with a commit for each event, the check of the signature alone, and what the disk
makes durable. The ways take turns within each round, so that all meet the same noise.
"""

import asyncio
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import stripe
from sqlalchemy import func
from sqlmodel import select

from bench.measuring import Measured, migrated, running_databases
from billing.database import Database
from billing.inbox import Inbox, insert, receive
from billing.signals import Signals
from billing.stripe_gateway import verify_signature
from billing.tables import StripeEvent, new_id
from tests.billing import stripe_objects
from tests.billing.stripe_events import an_event

CALLERS = 32
ROUNDS = 3
SECONDS = 2.5  # a way's turn in a round
MOST = 20_000  # events prepared for a turn; it ends early when they are used up
DISK_WRITES = 300

SECRET = "whsec_bench"  # noqa: S105 - opens nothing
NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
SECOND = int(NOW.timestamp())
EVENT = json.dumps(
    an_event("invoice.paid", stripe_objects.invoice("in_1", "cus_1", "sub_1", status="paid", amount_paid=1500), SECOND)
)
ID = json.loads(EVENT)["id"]

Delivery = tuple[bytes, str]


class OneByOne(Inbox):
    """The same inbox with a commit for each event.

    On SQLite they take turns: it has one writer, and those that find it busy would sleep.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database, Signals())
        self._turns = asyncio.Semaphore(1 if database.dialect == "sqlite" else CALLERS)

    async def store(self, event: StripeEvent) -> None:
        """Returns once the event is committed."""
        async with self._turns, self._database.transaction() as session:
            await insert(session, [event])


def main() -> None:
    """Measures both databases and prints."""
    print(f"Inbox: signed events of {len(EVENT)} bytes, {CALLERS} callers, {ROUNDS} rounds")
    with running_databases() as (folder, urls):
        for name, url in urls.items():
            asyncio.run(measure(name, url, folder))


async def measure(name: str, url: str, folder: Path) -> None:
    """All ways on one database."""
    grouped, single, checked, disk, warming = (Measured() for _ in range(5))
    async with migrated(url) as database:
        ways: list[tuple[Inbox, Measured]] = [(Inbox(database, Signals()), grouped), (OneByOne(database), single)]
        for inbox, _ in ways:  # connections are opened and statements compiled before anything counts
            await store(inbox, warming, prepare(500))
        for _ in range(ROUNDS):
            for inbox, measured in ways:
                await store(inbox, measured, prepare(MOST))
            check(checked, prepare(5000))
            write(disk, folder / "written")
        stored = await count(database)
    answered = sum(len(each.latencies) for each in (grouped, single, warming))
    assert stored == answered, f"{answered} events were answered and {stored} stored"
    report(name, grouped, single, checked, disk)


def prepare(count: int) -> list[Delivery]:
    """So many deliveries of events that differ in their ids."""
    bodies = [EVENT.replace(ID, f"evt_{new_id().hex}") for _ in range(count)]
    sign = stripe.WebhookSignature.generate_signature_header
    return [(body.encode(), str(sign(body, SECRET, timestamp=SECOND))) for body in bodies]


async def store(inbox: Inbox, measured: Measured, deliveries: list[Delivery]) -> None:
    """One turn of a way to store."""

    async def deliver(delivery: Delivery) -> None:
        await receive(inbox, *delivery, [SECRET], livemode=False, now=NOW)

    await measured.turn(deliver, deliveries, callers=CALLERS, seconds=SECONDS)


def check(measured: Measured, deliveries: list[Delivery]) -> None:
    """One turn of checking signatures and nothing else."""
    began = time.perf_counter()
    valid = [verify_signature(payload, signature, [SECRET], NOW.timestamp()) for payload, signature in deliveries]
    add(measured, time.perf_counter() - began, len(deliveries))
    assert all(valid)


def write(measured: Measured, file: Path) -> None:
    """One turn of appending an event to a file and waiting for the disk, one after the other."""
    with file.open("ab", buffering=0) as opened:
        began = time.perf_counter()
        for _ in range(DISK_WRITES):
            opened.write(EVENT.encode())
            os.fsync(opened.fileno())
        add(measured, time.perf_counter() - began, DISK_WRITES)


def add(measured: Measured, seconds: float, calls: int) -> None:
    """Calls whose single times are of no interest."""
    measured.seconds += seconds
    measured.latencies += [seconds / calls] * calls


async def count(database: Database) -> int:
    """How many events there are."""
    async with database.read() as session:
        return (await session.exec(select(func.count()).select_from(StripeEvent))).one()


def report(name: str, grouped: Measured, single: Measured, checked: Measured, disk: Measured) -> None:
    """Prints the absolute numbers and the ratios."""
    print(f"\n{name}")
    print(f"  group commit         {grouped.rate:8,.0f} events/s   p99 {grouped.p99:7.1f} ms")
    print(f"  a commit per event   {single.rate:8,.0f} events/s   p99 {single.p99:7.1f} ms")
    print(f"  signature alone      {checked.rate:8,.0f} checks/s")
    print(f"  write and fsync      {disk.rate:8,.0f} writes/s")
    print(f"  group commit is {grouped.rate / single.rate:.2f} x a commit per event,", end=" ")
    print(f"{grouped.rate / checked.rate:.3f} x the signature alone, {grouped.rate / disk.rate:.2f} x write and fsync")


if __name__ == "__main__":
    main()
