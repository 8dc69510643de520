"""Plays random charges, declines, revocations and months against random consents, and ends at a wrong decision.

None may be allowed outside of its consent's scope, and none refused inside; a model beside the real rows says which.
Usage: bench/bench_consents.py [STEPS]; 10,000 on each database unless said otherwise.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from hypothesis import HealthCheck, Phase, given, settings

from bench.measuring import running_databases
from billing.database import Database
from billing.migrations import migrate
from billing.stripe_gateway import StripeGateway
from tests.billing.charging_story import Counts, Story
from tests.billing.random_charges import stories

STEPS = 10_000
A_ROUND = 50
"""Stories between two looks at how many steps there have been."""


def play(url: str, wanted: int) -> Counts:
    """Stories of so many steps together. Raises AssertionError at the first that was decided wrongly."""
    counts = Counts()
    with asyncio.Runner() as runner:
        database, gateway = runner.run(_opened(url))

        @settings(
            max_examples=A_ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(stories)
        def one_round(story: list[Any]) -> None:
            runner.run(Story(database, gateway, counts).play(story))

        while counts.steps < wanted:
            one_round()
        runner.run(database.close())
    return counts


async def _opened(url: str) -> tuple[Database, StripeGateway]:
    await migrate(url)
    return Database(url), StripeGateway("sk_test_unused", account="acct_test", base="http://127.0.0.1:9")


def main(wanted: int = STEPS) -> None:
    """Prints a line for each database."""
    print("random charges against random consents: none allowed outside of its scope, none refused inside of it, in")
    with running_databases() as (_, urls):
        for name, url in urls.items():
            began = time.perf_counter()
            counts = play(url, wanted)
            seconds = time.perf_counter() - began
            print(
                f"{name:<11} {counts.steps:>7,} steps: {counts.allowed:,} charges allowed, {counts.refused:,} refused, "
                f"{counts.other:,} consents, revocations, months and endings between them; {seconds:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
