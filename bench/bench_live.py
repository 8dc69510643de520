"""How long from a webhook's arrival to the client that is told, and what the journal costs those who apply events.

Web A takes the webhook, a worker applies it, the client is connected to web B: real processes, with the disk's commits.
"""

import asyncio
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import event

from bench.measuring import migrated, running_databases
from billing.applier.running import apply_due
from billing.database import Database
from billing.journal import recording
from billing.migrations import migrate
from billing.runtime import Runtime, utc_now
from billing.stripe_gateway import StripeGateway
from billing.tables import Customer
from tests import factories as make
from tests.billing.stripe_events import an_event, store
from tests.running_assent import WEBHOOK_SECRET, RunningAssent
from tests.running_sandbox import RunningSandbox

# Webhooks, by what tells; each poll takes most of a second.
TOLD, WARM = {"notify": 200, "poll": 40}, 5
APPLIED, TURNS = 150, 4
DOCUMENT = "subscription ($id: ID!) { changes(customerId: $id) { cursor fields { field after } } }"
TO_THE_WORKER, TO_ITSELF = {"APPLIER": "false"}, {"APPLIER": "true"}


def body_of(customer: Customer, number: int) -> bytes:
    """A new name for the customer, each a second later."""
    data = {"id": customer.stripe_id, "object": "customer", "name": f"name {number}", "metadata": {}}
    return json.dumps(an_event("customer.updated", data, 1_790_000_000 + number, previous={"name": "x"})).encode()


def signed(body: bytes) -> str:
    """The header that Stripe sends with it."""
    at = int(time.time())
    digest = hmac.new(WEBHOOK_SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


async def _customer(database: Database) -> Customer:
    async with database.transaction() as session:
        return await make.create_customer(session)


@contextmanager
def working(assent: RunningAssent) -> Iterator[None]:
    """`assent worker` beside, with the same settings."""
    command = [str(Path(sys.executable).parent / "assent"), "worker"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env={**os.environ, **assent.settings}, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def latencies(first: RunningAssent, second: RunningAssent, number_of: int) -> list[float]:
    """Milliseconds from before the webhook is sent to web A until the client of web B is told, one after the other."""
    customer = first.within(_customer)
    found = []
    with second.live(DOCUMENT, {"id": f"customer_{customer.id}"}) as told:
        time.sleep(1)
        for number in range(number_of + WARM):
            body = body_of(customer, number)
            began = time.perf_counter()
            first.deliver(body, signed(body)).raise_for_status()
            next(told)
            found.append((time.perf_counter() - began) * 1000)
    return found[WARM:]


def report(name: str, found: list[float]) -> None:
    """The middle and the end."""
    print(f"  {name:46} p50 {statistics.median(found):7.1f} ms   p99 {statistics.quantiles(found, n=100)[-1]:7.1f} ms")


def across_processes(folder: Path, url: str, sandbox: str, transport: str) -> None:
    """Two web processes and a worker on one PostgreSQL."""
    settings = {**TO_THE_WORKER, "LIVE_TRANSPORT": transport}
    with (
        RunningAssent(folder, url, sandbox, **settings) as first,
        RunningAssent(folder, url, sandbox, **settings) as second,
        working(first),
    ):
        time.sleep(6)  # the worker starts
        report(f"PostgreSQL, web A, web B, a worker, {transport}", latencies(first, second, TOLD[transport]))


def alone(folder: Path, url: str, sandbox: str) -> None:
    """One process on SQLite."""
    with RunningAssent(folder, url, sandbox, **TO_ITSELF) as only:
        report("SQLite, one process", latencies(only, only, TOLD["notify"]))


# ---------------------------------------------------------------------- what the journal costs

HOOKS: dict[str, Callable[..., None]] = {
    "before_flush": recording.notice,
    "do_orm_execute": recording.notice_many,
    "before_commit": recording.write,
}


@contextmanager
def without_journal() -> Iterator[None]:
    """Nothing is noticed, and nothing written."""
    for name, hook in HOOKS.items():
        event.remove(recording.JournaledSession, name, hook)
    try:
        yield
    finally:
        for name, hook in HOOKS.items():
            event.listen(recording.JournaledSession, name, hook)


async def applied_per_second(database: Database) -> float:
    """Of events about as many customers, by one process."""
    gateway = StripeGateway("sk_test_00000000", account="acct_test", base="http://127.0.0.1:9")
    runtime = Runtime(database, gateway, allows_redirect=lambda _: True)
    async with database.transaction() as session:
        customers = [await make.create_customer(session) for _ in range(APPLIED)]
        events = [json.loads(body_of(each, number)) for number, each in enumerate(customers)]
        await store(session, events, utc_now())
    began = time.perf_counter()
    while await apply_due(runtime, now=utc_now()):
        pass
    took = time.perf_counter() - began
    await gateway.close()
    return APPLIED / took


async def cost(name: str, url: str) -> None:
    """In turns, so that what else the machine does meets both."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    async with migrated(url) as database:
        for _ in range(TURNS):
            rates[True].append(await applied_per_second(database))
            with without_journal():
                rates[False].append(await applied_per_second(database))
    with_, without = (statistics.median(rates[each]) for each in (True, False))
    print(f"  {name:12} {with_:7.0f} with the journal   {without:7.0f} without   ratio {with_ / without:.2f}")


def main() -> None:
    """Prints both."""
    with ExitStack() as stack:
        folder, urls = stack.enter_context(running_databases())
        sandbox = stack.enter_context(RunningSandbox(Path(stack.enter_context(TemporaryDirectory()))))
        for url in urls.values():
            asyncio.run(migrate(url))
        print("From the webhook to the client:")
        latency: Any = partial(across_processes, folder, urls["PostgreSQL"], sandbox.base_url)
        latency("notify")
        latency("poll")
        alone(folder, urls["SQLite"], sandbox.base_url)
        print("Events applied per second by one process:")
        for name, url in urls.items():
            asyncio.run(cost(name, url))


if __name__ == "__main__":
    main()
