"""A burst of events for workers of their own processes: what customers that subscribe lead to, delivered at once.

Customers subscribe at the sandbox; then all that was learned of it is forgotten but for the customers, and everything
that happened is delivered to `assent worker`.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import col, delete, select

from bench.measuring import migrated
from billing.database import Database
from billing.mirror.kinds import SUBSCRIBED_EVENTS
from billing.recovery import sweep_events
from billing.runtime import Runtime
from billing.signals import EVENTS, Signals
from billing.stripe_gateway import StripeGateway
from billing.tables import EventStatus, StripeEvent
from tests.billing.journey import a_consent, a_customer, a_price, a_saved_method, published_terms
from tests.billing.ready import Ready
from tests.billing.stripe_events import store
from tests.billing.test_applier import FORGOTTEN
from tests.running_assent import STRIPE_KEY
from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import KEY

ROOT = Path(__file__).parent.parent
CHUNK = 100
PATIENCE = 600

# Of a checkout, and with a bound of its own where one is given.
COMMAND = """
import sys
_, checkout, at_once = sys.argv
sys.path.insert(0, checkout)
from api.cli import main
if int(at_once):
    from billing.applier import running
    running.AT_ONCE = dict.fromkeys(running.AT_ONCE, int(at_once))
sys.argv = ["assent", "worker"]
main()
"""


@dataclass(frozen=True)
class Burst:
    """What happened at the sandbox, and where Assent has forgotten it."""

    folder: Path
    database: str
    sandbox: RunningSandbox
    record: Path
    events: list[dict[str, Any]]


@dataclass(frozen=True)
class Applied:
    """One run: events a second, and reads of Stripe for each event."""

    rate: float
    reads: float


def tell(what: str, applied: Applied, beside: Applied | None, *, whom: str = "one worker") -> None:
    """Prints a line, with the ratio to another run."""
    ratio = f"{applied.rate / beside.rate:5.2f} x {whom}" if beside else ""
    print(
        f"  {what:44}{applied.rate:7.0f} events/s   {applied.reads:.3f} reads of Stripe an event   {ratio}", flush=True
    )


@contextmanager
def burst(folder: Path, url: str, customers: int) -> Iterator[Burst]:
    """What so many subscribing customers lead to."""
    folder.mkdir()
    record = folder / "record"
    record.mkdir()
    with RunningSandbox(folder, record=record / "stripe.jsonl") as sandbox:
        events = asyncio.run(_live(url, sandbox, customers))
        yield Burst(folder, url, sandbox, record, events)


async def _live(url: str, sandbox: RunningSandbox, customers: int) -> list[dict[str, Any]]:
    """The customers subscribe, and all but themselves is forgotten."""
    async with migrated(url) as database:
        gateway = StripeGateway(KEY, account="acct_bench", base=sandbox.base_url)
        runtime = Runtime(database, gateway, allows_redirect=lambda _: True)
        terms, price = await published_terms(runtime), await a_price(runtime)
        for number in range(customers):
            print(f"\r{number + 1} of {customers} customers", end="", file=sys.stderr)
            customer = await a_customer(runtime)
            consent = await a_consent(runtime, customer, agreed=terms)
            method = await a_saved_method(runtime, sandbox, customer, consent.id, card="4242424242424242")
            await Ready(runtime, customer, consent, method, price).subscribe()
        print(file=sys.stderr)
        listed = await gateway.list_all("/v1/events")
        # The workers' own sweep is then not due while they are measured, and brings them nothing beforehand.
        await sweep_events(runtime)
        await gateway.close()
        async with database.transaction() as session:
            for table in FORGOTTEN:
                await session.exec(delete(table))
    return [each for each in reversed(listed) if each["type"] in SUBSCRIBED_EVENTS]


def copy(url: str, name: str, *, head: str | None = None) -> str:
    """A database of its own with the same rows, and, for another checkout, with its version."""

    async def run(address: str, *statements: str) -> None:
        database = Database(address)
        async with database.engine.connect() as opened:
            connection = await opened.execution_options(isolation_level="AUTOCOMMIT")
            for each in statements:
                await connection.exec_driver_sql(each)
        await database.close()

    made = url.replace("/postgres?", f"/{name}?")
    asyncio.run(run(url.replace("/postgres?", "/template1?"), f"CREATE DATABASE {name} TEMPLATE postgres"))
    if head is not None:
        asyncio.run(run(made, f"UPDATE alembic_version SET version_num = '{head}'"))  # noqa: S608 - of a file
    return made


def measure(given: Burst, url: str, checkouts: list[Path], *, at_once: int = 0) -> Applied:
    """A worker of each of these checkouts, at so many objects together, or at as many as it is by itself."""
    with ExitStack() as stack:
        for number, checkout in enumerate(checkouts):
            stack.enter_context(_worker(given, url, checkout, at_once, f"{len(checkouts)}-{at_once}-{number}"))
        before = _reads(given.record)
        seconds = asyncio.run(_apply(url, given.events))
        reads = _reads(given.record) - before
    return Applied(len(given.events) / seconds, reads / len(given.events))


@contextmanager
def _worker(given: Burst, url: str, checkout: Path, at_once: int, name: str) -> Iterator[None]:
    settings = {
        "DATABASE_URL": url,
        "STRIPE_API_KEY": STRIPE_KEY,
        "STRIPE_API_BASE": given.sandbox.base_url,
        "ALLOWED_REDIRECT_ORIGINS": "https://shop.example",
    }
    log = given.folder / f"worker-{name}-{checkout.name}.log"
    with log.open("w") as output:
        command = [sys.executable, "-c", COMMAND, str(checkout), str(at_once)]
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, cwd=given.folder, stdout=output, stderr=output
        )
        try:
            _wait_for(lambda: '"working"' in log.read_text(), process, log)
            yield
        finally:
            process.terminate()
            process.wait()


def _wait_for(ready: Any, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The worker did not start:\n{log.read_text()}")
        time.sleep(0.05)


async def _apply(url: str, events: list[dict[str, Any]]) -> float:
    """Seconds from just before the commit of all deliveries until all is applied."""
    database = Database(url)
    signals = Signals(notifies=database.dialect == "postgresql")
    now = Runtime(database, None, allows_redirect=lambda _: True).clock()  # type: ignore[arg-type]
    async with database.transaction() as session:
        for start in range(0, len(events), CHUNK):
            await store(session, events[start : start + CHUNK], now)
        await signals.announce(session, EVENTS)
        began = time.perf_counter()
    waiting = select(func.count()).where(col(StripeEvent.status) == EventStatus.RECEIVED)
    while True:
        async with database.read() as session:
            if not (await session.exec(waiting)).one():
                break
        if time.perf_counter() - began > PATIENCE:
            raise TimeoutError
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - began
    applied = select(func.count()).where(col(StripeEvent.status).in_((EventStatus.APPLIED, EventStatus.SKIPPED)))
    async with database.read() as session:
        found = (await session.exec(applied)).one()
    assert found == len(events), f"{found} of {len(events)} were applied"
    await database.close()
    return seconds


def _reads(record: Path) -> int:
    """How often Stripe was asked for an object or a list, drafts and events of the sweeps left out."""
    count = 0
    for file in record.rglob("*"):
        if file.is_file():
            for line in file.read_text().splitlines():
                exchange = json.loads(line)
                count += exchange["method"].upper() == "GET" and _is_of_an_object(exchange["path"])
    return count


def _is_of_an_object(path: str) -> bool:
    return path.split("?", maxsplit=1)[0].rstrip("/") not in ("/v1/events", "/v1/invoices", "/v1/account")
