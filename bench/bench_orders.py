"""Every order in which events of recorded lives can come, longer lives included; then a burst, and what it reads.

The lives are recorded from the sandbox. Each is told within one second, within two at every split, and as it was; with
any event twice, lost and found by the sweep, with an answer of the API at every moment, and read at every moment that
is allowed. The number of events that are walked with everything may be given as the argument.
"""

import asyncio
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from bench.measuring import migrated
from tests.billing.orders.bursts import Burst, a_burst
from tests.billing.orders.recording import Recorded, record_all
from tests.billing.orders.variants import VARIANTS, once, pieces
from tests.billing.orders.walking import Walk

# Events that are walked with everything, and each once; longer lives are walked by every so many that follow.
LONGEST, WHOLE = 5, 9
LIVES = 60


async def record(folder: Path) -> list[Recorded]:
    """The lives, beside an empty SQLite."""
    url = f"sqlite:///{folder / 'recorded.sqlite3'}"
    async with migrated(url):
        return await record_all(folder, url)


def walk(recordings: list[Recorded], longest: int) -> None:
    """Prints a line for each way to be told of things."""
    total: Counter[str] = Counter()
    for variant, most in [(once, WHOLE), *((each, longest) for each in VARIANTS)]:
        began, counted = time.perf_counter(), Counter[str]()
        for events in pieces(recordings, most):
            for told in variant(events):
                done = Walk(told).run()
                counted.update(orders=done.orders, states=done.states, diverged=len(done.diverged))
        total.update(counted)
        took = time.perf_counter() - began
        print(f"  {variant.__name__:24} {counted['orders']:15,} orders  {counted['states']:9,} states  ", end="")
        print(f"{counted['diverged']} diverged  {took:5.1f} s", flush=True)
    print(f"  {total['orders']:,} orders, divergences {total['diverged']}")


async def burst(folder: Path) -> Burst:
    """Some lives at once, at a sandbox of their own, in order but for some jitter, through the applier."""
    async with migrated(f"sqlite:///{folder / 'assent.sqlite3'}") as database:
        return await a_burst(folder, database, LIVES)


def main() -> None:
    """Walks, bursts and prints."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    longest = int(sys.argv[1]) if len(sys.argv) > 1 else LONGEST
    with TemporaryDirectory(prefix="assent-bench-") as name:
        folder = Path(name)
        print("Orders of events")
        walk(asyncio.run(record(folder)), longest)
        (folder / "burst").mkdir()
        done = asyncio.run(burst(folder / "burst"))
    print(f"Burst of {done.events} events of {LIVES} subscriptions: {done.reads} reads of Stripe, ", end="")
    print(f"{done.reads / done.events:.3f} for each event; {len(done.differences)} rows differ")


if __name__ == "__main__":
    main()
