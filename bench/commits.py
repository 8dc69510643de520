"""What is done in a loop beside the servers: a row and a commit at a time, the check of a signature."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import stripe

from billing.stripe_gateway import verify_signature
from billing.tables import new_id

HUNDRED = 100
COMMITTED = "CREATE TABLE committed (id TEXT PRIMARY KEY, payload TEXT)"


@dataclass
class Alone:
    """Something that is done in a loop beside the servers."""

    name: str
    work: Callable[[], int]
    done: int = 0
    seconds: float = 0

    def turn(self, seconds: float) -> None:
        """As often as it goes."""
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds:
            self.done += self.work()
        self.seconds += spent

    @property
    def rate(self) -> float:
        """Times per second."""
        return self.done / self.seconds


@contextmanager
def sqlite_commits(folder: Path, body: str) -> Iterator[Callable[[], int]]:
    """A row and a commit on SQLite, a hundred times."""
    with closing(sqlite3.connect(folder / "commits.sqlite3", isolation_level=None)) as connection:
        connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {COMMITTED}")

        def commit() -> int:
            for _ in range(HUNDRED):
                connection.execute("INSERT INTO committed VALUES (?, ?)", (new_id().hex, body))
            return HUNDRED

        yield commit


@contextmanager
def postgres_commits(url: str, body: str) -> Iterator[Callable[[], int]]:
    """A row and a commit on PostgreSQL, a hundred times."""
    with asyncio.Runner() as runner:
        connection = runner.run(connect(url))
        runner.run(connection.execute(COMMITTED))

        async def commit() -> int:
            for _ in range(HUNDRED):
                await connection.execute("INSERT INTO committed VALUES ($1, $2)", new_id().hex, body)
            return HUNDRED

        yield lambda: runner.run(commit())
        runner.run(connection.close())


async def connect(url: str) -> Any:
    """A bare connection to this PostgreSQL."""
    return await asyncpg.connect(host=url.partition("?host=")[2], user="assent", database="postgres")


def checks(body: str, secret: str) -> Callable[[], int]:
    """The check of a signature, a hundred times."""
    header = stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=int(time.time()))
    payload = body.encode()

    def check() -> int:
        assert all(verify_signature(payload, header, [secret], time.time()) for _ in range(HUNDRED))
        return HUNDRED

    return check
