"""How many events a second one worker applies when it is at 1, 2, 4, 8, or 16 objects together, on each database.

The same burst each time, on a copy of the same database. Ratios are of one run, to the bound that is in use.
"""

import argparse
import logging
import shutil
from pathlib import Path

import structlog

from bench.bursts import ROOT, Applied, Burst, burst, copy, measure, tell
from bench.measuring import running_databases
from billing.applier.running import AT_ONCE

BOUNDS = (1, 2, 4, 8, 16)
DIALECTS = {"SQLite": "sqlite", "PostgreSQL": "postgresql"}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=40)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with running_databases() as (folder, urls):
        for name, dialect in DIALECTS.items():
            with burst(folder / dialect, urls[name], given.customers) as made:
                print(f"\n{name}: {len(made.events)} events of {given.customers} customers, delivered at once")
                _measure_all(made, dialect)


def _measure_all(made: Burst, dialect: str) -> None:
    used = AT_ONCE[dialect]
    beside = _measured(made, dialect, used)
    for bound in BOUNDS:
        applied = beside if bound == used else _measured(made, dialect, bound)
        tell(f"{bound} at once", applied, beside, whom=f"{used} at once, as it is")


def _measured(made: Burst, dialect: str, bound: int) -> Applied:
    name = f"bound_{bound}"
    url = copy(made.database, name) if dialect == "postgresql" else _copied(made, name)
    return measure(made, url, [ROOT], at_once=bound)


def _copied(made: Burst, name: str) -> str:
    """A file of its own with the same rows; nobody has the other open, so there is nothing beside it."""
    original = Path(made.database.removeprefix("sqlite:///"))
    return f"sqlite:///{shutil.copy(original, made.folder / f'{name}.sqlite3')}"


if __name__ == "__main__":
    main()
