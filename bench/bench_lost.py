"""Lost deliveries and kill -9, at length: how many events the sweeps found, and how many are missing in the end.

Every tenth delivery never arrives, half of them as if they had been answered; the server is killed at random points
while subscriptions, customers and products change at the sandbox. On each database.
"""

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

from bench.measuring import running_databases
from billing.migrations import migrate
from tests.journey.conftest import joined
from tests.journey.losing import SETTINGS, kept, live_while_killed, lose
from tests.journey.walking import Journey
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox

SEED = 261126


def main() -> None:
    """Runs it and prints."""
    parser = argparse.ArgumentParser(description="Lost deliveries and kill -9, and what is missing afterwards.")
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--customers", type=int, default=10)
    given = parser.parse_args()
    with running_databases() as (folder, urls):
        for name, url in urls.items():
            _run(name, url, folder / name, given)


def _run(name: str, url: str, folder: Path, given: argparse.Namespace) -> None:
    folder.mkdir()
    asyncio.run(migrate(url))
    with RunningSandbox(folder) as sandbox:
        assent = RunningAssent(folder, url, sandbox.base_url, **SETTINGS)
        with joined(assent, sandbox):
            journeys = [_subscribed(assent, sandbox) for _ in range(given.customers)]
            began = time.perf_counter()
            lose(sandbox, 0.1, SEED)
            live_while_killed(
                assent,
                lambda number: _happen(sandbox, journeys, number),
                times=given.changes,
                kills=given.kills,
                seed=SEED,
            )
            found = kept(assent, sandbox)
    print(f"\n{name}: {given.changes} changes, {given.kills} times kill -9, {time.perf_counter() - began:.0f} s")
    print(f"  events at Stripe {found.at_stripe:,}, of which the sweeps found {found.swept:,}")
    print(f"  lost {len(found.missing)}, not applied {found.unsettled}, objects that differ {len(found.different)}")
    assert (found.missing, found.unsettled, found.different) == (set(), 0, [])


def _subscribed(assent: RunningAssent, sandbox: RunningSandbox) -> tuple[str, str]:
    """Stripe's ids of a new customer and the subscription."""
    journey = Journey(assent, sandbox)
    journey.begin()
    journey.save_card()
    journey.take("createSubscription")
    owner = journey.customer_stripe_id()
    return owner, sandbox.client().v1.subscriptions.list({"customer": owner}).data[0].id


def _happen(sandbox: RunningSandbox, journeys: list[tuple[str, str]], number: int) -> Any:
    client, (owner, subscription) = sandbox.client(), journeys[number % len(journeys)]
    match number % 3:
        case 0:
            return client.v1.subscriptions.update(subscription, {"metadata": {"turn": str(number)}})
        case 1:
            return client.v1.products.create({"name": f"Plan {number}"})
        case _:
            return client.v1.customers.update(owner, {"name": f"Jenny {number}"})


if __name__ == "__main__":
    main()
