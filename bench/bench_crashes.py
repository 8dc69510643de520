"""The crash matrix: everything that calls Stripe, and whatever can go wrong at each of its steps.

The process is killed around each of its commits and during each request; Stripe's answers are lost; Stripe is down for
minutes; PostgreSQL is restarted, its connections are cut; the disk is full. Each once with a client that comes back
with the same key, and once with one that never does. A day later there is one effect at Stripe or none, as the client
was told, nothing is left undone, and what is known here is what Stripe has.
"""

import argparse
import asyncio
import logging
import multiprocessing
import os
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.crashes.faults import COLUMNS, Fault, columns
from tests.crashes.matrix import BACK, NEVER, Weather, fair_weather, play
from tests.crashes.places import is_small, place
from tests.crashes.rows import ROWS
from tests.crashes.stand import Prepared, Stand

DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Cell:
    """How one of them ended; `complaints` are what was not as it must be."""

    database: str
    row: str
    column: str
    what: str
    complaints: list[str]


def play_row(database: str, row: str, wanted: list[str], every: int) -> list[Cell]:
    """All cells of a row on a database, or each `every`-th."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with TemporaryDirectory(prefix="assent-crashes-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL is another user
        with place(database, folder) as here:
            return asyncio.run(_play_row(Stand(here, folder), database, row, wanted, every))


async def _play_row(stand: Stand, database: str, row: str, wanted: list[str], every: int) -> list[Cell]:
    prepared = await stand.prepare(ROWS[row])
    weather = await fair_weather(stand, prepared)
    found = columns(weather.steps, postgresql=database == "postgresql", small=is_small(stand.place.disk))
    chosen = [(fault, client) for fault in found if fault.column in wanted for client in (BACK, NEVER)]
    # Another start in each row, so that all rows together see every column and both clients.
    start = (list(ROWS).index(row) * 5 + DATABASES.index(database)) % every
    return [
        Cell(database, row, fault.column, f"{fault}; {client}", await _played(stand, prepared, weather, fault, client))
        for fault, client in chosen[start::every]
    ]


async def _played(stand: Stand, prepared: Prepared, weather: Weather, fault: Fault, client: str) -> list[str]:
    try:
        return await play(stand, prepared, weather, fault, client)
    except Exception as error:  # noqa: BLE001 - the other cells are played all the same
        return [f"{error!r} at {traceback.format_tb(error.__traceback__)[-1].strip()}"]


def _results(given: argparse.Namespace) -> Iterator[list[Cell]]:
    tasks = [(database, row) for row in given.rows for database in given.databases]
    spawning = multiprocessing.get_context("spawn")
    # A process for each row: one that had played many took longer to end than to play them.
    with ProcessPoolExecutor(given.jobs, mp_context=spawning, max_tasks_per_child=1) as pool:
        futures = {pool.submit(play_row, *task, given.columns, given.every): task for task in tasks}
        for done, future in enumerate(as_completed(futures), 1):
            database, row = futures[future]
            try:
                cells = future.result()
            except Exception as error:  # noqa: BLE001 - the other rows are played all the same
                cells = [Cell(database, row, given.columns[0], "in fair weather", [repr(error)])]
            print(f"{done} of {len(tasks)}: {row} on {database}, {len(cells)} cells", file=sys.stderr, flush=True)
            for cell in cells:
                for complaint in cell.complaints:
                    print(f"  {cell.what}: {complaint}", file=sys.stderr, flush=True)
            yield cells


def show(cells: list[Cell], wanted: list[str]) -> None:
    """Good cells of all cells, by row and column; and what was wrong."""
    table: dict[str, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        table[cell.row][cell.column].append(cell)
    width = max(map(len, table)) + 2
    print(f"{'':{width}}" + "".join(f"{each:>20}" for each in wanted))
    for row in [each for each in ROWS if each in table]:
        print(f"{row:{width}}" + "".join(f"{_share(table[row][each]):>20}" for each in wanted))
    print(f"{'all':{width}}" + "".join(f"{_share([c for c in cells if c.column == each]):>20}" for each in wanted))
    for cell in (each for each in cells if each.complaints):
        print(f"\n{cell.row} on {cell.database}: {cell.what}", *cell.complaints, sep="\n  ")


def _share(cells: list[Cell]) -> str:
    return f"{sum(not each.complaints for each in cells)}/{len(cells)}" if cells else "-"


def main() -> int:
    """Plays it, and prints the table. 1 where a cell is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW")
    parser.add_argument("--columns", nargs="+", choices=COLUMNS, default=list(COLUMNS), metavar="COLUMN")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th cell of a row")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given, began = parser.parse_args(), time.monotonic()
    cells = [cell for some in _results(given) for cell in some]
    show(cells, given.columns)
    bad = sum(bool(each.complaints) for each in cells)
    print(f"\n{len(cells)} cells in {time.monotonic() - began:.0f} s, {bad} not as they must be")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
