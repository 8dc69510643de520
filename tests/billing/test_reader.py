"""Reads of one statement: each sees what was committed before it, whatever became of those before it."""

import asyncio

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from billing.compiled import DIALECTS, Compiled
from billing.database import Database
from billing.tables import Customer
from tests import factories as make

TRIES = 60


async def count(database: Database, compiled: Compiled) -> int:
    return int((await database.reader.fetch(compiled, {}))[0])


async def look(database: Database, compiled: Compiled) -> None:
    """A snapshot that lasts for a while."""
    async with database.reader.snapshot() as snapshot:
        for _ in range(20):
            await snapshot.fetch(compiled, {})


async def test_whoever_is_canceled_leaves_no_old_view_behind(database: Database) -> None:
    compiled = Compiled.of(select(func.count(col(Customer.id))), DIALECTS[database.dialect])
    for number in range(TRIES):
        # Canceled at another point each time: while it connects, begins, reads, ends.
        looking = asyncio.create_task(look(database, compiled))
        for _ in range(number):
            await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        async with database.transaction() as session:
            await make.create_customer(session)
        found = await asyncio.gather(*(count(database, compiled) for _ in range(10)))
        assert found == [number + 1] * 10


async def test_in_a_snapshot_the_database_stands_still(database: Database) -> None:
    compiled = Compiled.of(select(func.count(col(Customer.id))), DIALECTS[database.dialect])
    async with database.reader.snapshot() as snapshot:
        before = await snapshot.fetch(compiled, {})
        async with database.transaction() as session:
            await make.create_customer(session)
        assert tuple(await snapshot.fetch(compiled, {})) == tuple(before)
    assert await count(database, compiled) == before[0] + 1


async def test_it_cannot_write(database: Database) -> None:
    async with database.reader.snapshot() as snapshot:
        with pytest.raises(Exception, match=r"read-?only"):
            await snapshot.fetch(Compiled.of(text("DELETE FROM customers"), DIALECTS[database.dialect]), {})
