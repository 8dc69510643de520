"""What the benchmarks share: databases that keep what they are given, and a way to measure."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from billing.database import Database
from billing.migrations import migrate
from tests import postgres

# The server of the tests waits for no disk; what is measured here does, as SQLite's file does too.
postgres.OPTIONS.update(fsync="on", synchronous_commit="on", full_page_writes="on")

T = TypeVar("T")


@contextmanager
def running_databases() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder on the disk that is used, and the addresses of an empty SQLite and an empty PostgreSQL, by name."""
    with TemporaryDirectory(prefix="assent-bench-") as name, postgres.running_postgres() as socket:
        folder = Path(name)
        sqlite = f"sqlite:///{folder / 'assent.sqlite3'}"
        yield folder, {"SQLite": sqlite, "PostgreSQL": postgres.postgres_url(socket, "postgres")}


@asynccontextmanager
async def migrated(url: str) -> AsyncIterator[Database]:
    """The database with all tables."""
    await migrate(url)
    database = Database(url)
    yield database
    await database.close()


@dataclass
class Measured:
    """Every call of one way to do something, over all its turns, in seconds."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0

    @property
    def rate(self) -> float:
        """Calls per second."""
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        """Milliseconds that 99 of 100 calls did not exceed."""
        return statistics.quantiles(self.latencies, n=100)[-1] * 1000

    async def turn(
        self, call: Callable[[T], Awaitable[Any]], work: Iterable[T], *, callers: int, seconds: float
    ) -> None:
        """So many callers take from `work`, each the next when its last is done, until the time or the work is up."""
        shared, began = iter(work), time.perf_counter()

        async def keep_calling() -> None:
            for each in shared:
                before = time.perf_counter()
                await call(each)
                after = time.perf_counter()
                self.latencies.append(after - before)
                if after - began > seconds:
                    return

        await asyncio.gather(*(keep_calling() for _ in range(callers)))
        self.seconds += time.perf_counter() - began
