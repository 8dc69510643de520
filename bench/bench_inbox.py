"""How fast signed events are verified, stored and answered: group commit beside one commit for each event.

Prints, for SQLite and PostgreSQL, events a second with 32 callers at once, and the ratio of the two ways in one run.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import asyncpg
import stripe

from billing.database import Database
from billing.inbox import Inbox, insert, new_event, receive
from billing.migrations import migrate
from billing.tables import EventSource
from tests.postgres import postgres_url, running_postgres

SECRET = "whsec_bench"  # noqa: S105 - opens nothing
CALLERS, SECONDS = 32, 4.0

numbers = count()


def delivery() -> tuple[bytes, str]:
    """A new event as Stripe delivers it."""
    body = {
        "id": f"evt_{next(numbers)}",
        "object": "event",
        "type": "customer.updated",
        "created": int(time.time()),
        "api_version": "2026-10-28.endive",
        "livemode": False,
        "data": {"object": {"id": "cus_1", "object": "customer", "description": "x" * 800}},
    }
    text = json.dumps(body)
    return text.encode(), stripe.WebhookSignature.generate_signature_header(text, SECRET)


async def grouped(inbox: Inbox, payload: bytes, signature: str) -> None:
    """As the product does it."""
    await receive(inbox, payload, signature, [SECRET], False, datetime.now(UTC))


async def one_by_one(database: Database, payload: bytes, signature: str) -> None:
    """The same work with a commit for each event."""
    stripe.WebhookSignature.verify_header(payload.decode(), signature, SECRET, 300)
    event = new_event(json.loads(payload), payload.decode(), source=EventSource.WEBHOOK, now=datetime.now(UTC))
    async with database.transaction() as session:
        await insert(session, [event])


async def rate(store: Callable[[bytes, str], Awaitable[None]]) -> tuple[float, float]:
    """Events a second, and the 99th percentile of their times in milliseconds."""
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    async def caller() -> None:
        while time.perf_counter() < end:
            payload, signature = delivery()
            started = time.perf_counter()
            await store(payload, signature)
            times.append(time.perf_counter() - started)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return len(times) / SECONDS, sorted(times)[int(len(times) * 0.99)] * 1000


async def measure(url: str) -> None:
    """Both ways on one database."""
    await migrate(url)
    database = Database(url)
    inbox = Inbox(database)
    together, p99 = await rate(lambda payload, signature: grouped(inbox, payload, signature))
    alone, alone_p99 = await rate(lambda payload, signature: one_by_one(database, payload, signature))
    await database.close()
    print(f"{database.dialect:<11} group commit {together:6.0f}/s (p99 {p99:5.1f} ms)", end="   ")
    print(f"one by one {alone:6.0f}/s (p99 {alone_p99:5.1f} ms)   ratio {together / alone:.1f}")


async def create(folder: Path) -> None:
    """A database of the benchmark's own."""
    connection = await asyncpg.connect(host=str(folder), user="assent", database="postgres")
    await connection.execute("CREATE DATABASE bench")
    await connection.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure(f"sqlite:///{scratch}/bench.sqlite3"))
    with running_postgres() as socket:
        asyncio.run(create(socket))
        asyncio.run(measure(postgres_url(socket, "bench")))
