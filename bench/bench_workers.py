"""How many events a second 1, 2 and 4 workers apply on one PostgreSQL, and one on SQLite; and what they ask Stripe.

A burst of events (`bench.bursts`) meets `assent worker` in processes of their own. With `--before`, one worker of
another checkout meets the same burst. Ratios are of one run.
"""

import argparse
import logging
from pathlib import Path

import structlog
from alembic.script import ScriptDirectory

from bench.bursts import ROOT, Applied, Burst, burst, copy, measure, tell
from bench.measuring import running_databases


def main() -> None:
    """Measures and prints."""
    given = _parser().parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with running_databases() as (folder, urls):
        with burst(folder / "one", urls["SQLite"], given.customers) as one:
            print(f"{len(one.events)} events of {given.customers} subscribing customers, delivered at once\n")
            tell("SQLite, 1 worker", measure(one, one.database, [ROOT]), None)
        with burst(folder / "many", urls["PostgreSQL"], given.customers) as many:
            _measure_postgres(many, given.before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Events applied a second by many workers.")
    parser.add_argument("--customers", type=int, default=40)
    parser.add_argument("--before", type=Path, help="another checkout, whose worker is measured too")
    return parser


def _measure_postgres(given: Burst, before: Path | None) -> None:
    first: Applied | None = None
    if before is not None:
        url = copy(given.database, "before", head=ScriptDirectory(str(before / "alembic")).get_current_head())
        tell("PostgreSQL, 1 worker of the other checkout", measure(given, url, [before]), None)
    for count in (1, 2, 4):
        applied = measure(given, copy(given.database, f"workers_{count}"), [ROOT] * count)
        first = first or applied
        tell(f"PostgreSQL, {count} workers", applied, first)


if __name__ == "__main__":
    main()
