"""Random changes of a subscription, by price, quantity, coupon and date: billed as they were previewed.

Each is previewed and made over HTTP at a sandbox whose clock moves on between them, so that every second of a period,
renewals, credits and used up coupons come in their turn. A change ends as previewed, to the cent, or with a refusal
that says why; anything else stops the run. The number of changes may be given as the argument.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings

from bench.measuring import migrated
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from tests.billing.life import Life
from tests.billing.updates.random_changes import Change, World, a_world, changes, make
from tests.moving_sandbox import moving_sandbox
from tests.sandbox_client import KEY

CHANGES = 1_000


@asynccontextmanager
async def a_life(folder: Path) -> AsyncIterator[Life]:
    """Assent on an SQLite file, beside a sandbox whose clock moves."""
    with moving_sandbox(folder) as sandbox:
        async with migrated(f"sqlite:///{folder / 'assent.sqlite3'}") as database:
            gateway = StripeGateway(KEY, account="acct_bench", base=sandbox.base_url)
            yield Life(Runtime(database, gateway, allows_redirect=bool, clock=sandbox.now), sandbox)
            await gateway.close()


def run(runner: asyncio.Runner, world: World, most: int) -> Counter[str]:
    """How many changes ended in which way."""
    endings: Counter[str] = Counter()

    @given(change=changes)
    @settings(max_examples=most, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def try_one(change: Change) -> None:
        endings[runner.run(make(world, change))] += 1

    try_one()
    return endings


def main() -> None:
    """Prints how they ended, and the time it took."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else CHANGES
    with TemporaryDirectory(prefix="assent-bench-") as name, asyncio.Runner() as runner:
        living = a_life(Path(name))
        world = runner.run(a_world(runner.run(living.__aenter__())))
        started = time.perf_counter()
        endings = run(runner, world, most)
        seconds = time.perf_counter() - started
        runner.run(living.__aexit__(None, None, None))
    total = sum(endings.values())
    print(f"{total:,} random changes in {seconds:.0f} s ({total / seconds:.1f}/s), each as previewed or refused:")
    for ending, many in endings.most_common():
        print(f"  {many:6,} {ending}")


if __name__ == "__main__":
    main()
