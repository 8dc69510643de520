"""The first import of an account of 10,000 customers, killed in the middle: objects a second, calls, memory, the total.

Each customer has a card, one in ten a subscription. `assent import` runs as a process of its own, is killed with
kill -9 when half of the customers are in, and runs again; a third run must change nothing. Memory is as the operating
system tells it.
"""

import argparse
import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import func, select

from bench.measuring import running_databases
from billing.database import Database
from billing.migrations import migrate
from billing.tables import Customer, Invoice, PaymentMethod, Subscription
from tests.running_assent import STRIPE_KEY
from tests.running_sandbox import ROOT, RunningSandbox

COMMAND = [sys.executable, "-c", "from api.cli import main; main()"]
SUBSCRIBED = 10  # one in so many
AT_ONCE = 4


@dataclass
class Ran:
    """One run of the command. Memory is the most that any child has had so far, in MiB."""

    seconds: float
    memory: float
    report: dict[str, Any]


def fill(sandbox: RunningSandbox, count: int) -> None:
    """Customers with cards, and some with subscriptions, over the API."""
    client = sandbox.client(max_network_retries=2)
    price = client.v1.prices.create(
        {"unit_amount": 1500, "currency": "usd", "recurring": {"interval": "month"}, "product_data": {"name": "Plan"}}
    )

    def make(number: int) -> None:
        given: Any = {"email": f"c{number}@example.com", "metadata": {"user_id": f"user-{number}"}}
        customer = client.v1.customers.create(given)
        method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        if number % SUBSCRIBED == 0:
            wanted: Any = {"items": [{"price": price.id}], "default_payment_method": method.id}
            wanted["customer"] = customer.id
            client.v1.subscriptions.create(wanted)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(make, range(count)))


def start(url: str, sandbox: RunningSandbox) -> "subprocess.Popen[str]":
    """`assent import`, with a budget that is no limit."""
    given = {
        "PATH": "",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": url,
        "STRIPE_API_KEY": STRIPE_KEY,
        "STRIPE_API_BASE": sandbox.base_url,
        "STRIPE_CALLS_PER_SECOND": "100",
    }
    command = [*COMMAND, "import", "--external-id-key", "user_id", "--json"]
    return subprocess.Popen(command, env=given, stdout=subprocess.PIPE, text=True)


def finish(url: str, sandbox: RunningSandbox) -> Ran:
    """To its end."""
    began = time.perf_counter()
    process = start(url, sandbox)
    out, _ = process.communicate()
    assert process.returncode == 0, out
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Ran(time.perf_counter() - began, memory, json.loads(out.splitlines()[-1])["report"])


def kill_when(url: str, sandbox: RunningSandbox, customers: int) -> float:
    """Kills it when so many customers are in; the seconds until then."""
    began = time.perf_counter()
    process = start(url, sandbox)
    while count(url, Customer) < customers:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return time.perf_counter() - began


def count(url: str, table: Any) -> int:
    """How many rows there are."""

    async def run() -> int:
        database = Database(url)
        try:
            async with database.read() as session:
                return (await session.exec(select(func.count()).select_from(table))).one()
        finally:
            await database.close()

    return asyncio.run(run())


def measure(name: str, url: str, sandbox: RunningSandbox, customers: int) -> None:
    """Prints one database's figures, after it was held to what must be there."""
    asyncio.run(migrate(url))
    before = kill_when(url, sandbox, customers // 2)
    half = count(url, Customer)
    rest, again = finish(url, sandbox), finish(url, sandbox)
    wanted = {Customer: customers, PaymentMethod: customers}
    wanted |= dict.fromkeys((Subscription, Invoice), len(range(0, customers, SUBSCRIBED)))
    assert {table: count(url, table) for table in wanted} == wanted
    assert rest.report["kinds"]["customer"]["outcomes"]["added"] == customers, "counted exactly, over the kill"
    assert (again.report["added"], again.report["differed"], again.report["gone"]) == (0, 0, 0)
    seen, seconds = rest.report["seen"], before + rest.seconds
    calls = customers + sum(-(-tally["seen"] // 100) for tally in rest.report["kinds"].values())
    print(f"\n{name}: {customers:,} customers, {seen:,} objects, killed at {half:,} customers")
    print(f"  imported at {seen / seconds:,.0f} objects/s in {seconds:,.0f} s, with about {calls:,} calls of Stripe")
    print(f"  compared again at {seen / again.seconds:,.0f} objects/s, nothing changed")
    print(f"  the most memory of any run {again.memory:,.0f} MiB")
    print(f"  customers after the kill and the second run: {count(url, Customer):,}, none missing, none doubled")


def main() -> None:
    """Runs it on both databases and prints."""
    parser = argparse.ArgumentParser(description="The first import of an account, killed in the middle.")
    parser.add_argument("--customers", type=int, default=10_000)
    customers = parser.parse_args().customers
    with running_databases() as (folder, urls), RunningSandbox(Path(folder)) as sandbox:
        began = time.perf_counter()
        fill(sandbox, customers)
        print(f"the account was made in {time.perf_counter() - began:,.0f} s", file=sys.stderr)
        for name, url in urls.items():
            measure(name, url, sandbox, customers)


if __name__ == "__main__":
    main()
