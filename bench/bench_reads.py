"""How fast reads are: over HTTP, beside SQL by hand, ordinary Strawberry and PostGraphile 5; then without HTTP.

Customers have two methods, a subscription and six invoices each. "one" is a customer with methods, subscription and
the last five invoices; "list" is twenty customers with the same. Everybody is asked with a key; Assent and the SQL by
hand look whether it stands in each statement, the others do not look at it.
"""

import argparse
import asyncio
import os
from pathlib import Path

from sqlmodel import select

from bench.measuring import migrated, running_databases
from bench.reads import in_process, over_http
from bench.reads.questions import CUSTOMERS, fill
from billing.tables import Customer

IN_PROCESS = 1000  # customers on SQLite


def main() -> None:
    """Measures and prints."""
    given = _parser().parse_args()
    print(f"Reads: {given.customers:,} customers; load {os.getloadavg()[0]:.1f} as it begins")
    with running_databases() as (folder, urls):
        asyncio.run(_stored(urls["PostgreSQL"], given.customers))
        asyncio.run(_stored(urls["SQLite"], min(IN_PROCESS, given.customers)))
        _over_http(folder, urls["PostgreSQL"], given.rounds, given.seconds)
        if not given.http_alone:
            for name, url in urls.items():
                asyncio.run(_in_process(name, url))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Reads a second, beside others.")
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each contestant's turn in a round")
    parser.add_argument("--http-alone", action="store_true", help="leave out what is measured without HTTP")
    return parser


async def _stored(url: str, customers: int) -> None:
    async with migrated(url) as database:
        await fill(database, customers)


def _over_http(folder: Path, url: str, rounds: int, seconds: float) -> None:
    over_http.measure(folder, url, asyncio.run(_ids(url)), rounds=rounds, seconds=seconds)


async def _ids(url: str) -> list[str]:
    async with migrated(url) as database, database.read() as session:
        return [str(each) for each in await session.exec(select(Customer.id))]


async def _in_process(name: str, url: str) -> None:
    async with migrated(url) as database:
        await in_process.measure(name, database)


if __name__ == "__main__":
    main()
