"""The database's own promises: whoever finds a connection finds one that works."""

import asyncio

from sqlalchemy import text

from billing.database import Database

OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
AT_ONCE = 5


async def hold(database: Database, everybody: asyncio.Barrier) -> None:
    """A connection of one's own among so many."""
    async with database.transaction() as session:
        await (await session.connection()).execute(text("SELECT 1"))
        await everybody.wait()


async def test_connections_that_the_server_closed_while_nobody_had_them_fail_nobody(database: Database) -> None:
    if database.dialect == "sqlite":
        return  # no server
    everybody = asyncio.Barrier(AT_ONCE)
    await asyncio.gather(*(hold(database, everybody) for _ in range(AT_ONCE)))
    stranger = Database(database.url.render_as_string(hide_password=False))
    async with stranger.transaction() as session:
        closed = (await (await session.connection()).execute(text(OTHERS))).scalar_one()
    await stranger.close()
    assert closed >= AT_ONCE
    await asyncio.sleep(0.1)  # for the news to arrive
    async with database.statement() as connection:
        await connection.execute(text("SELECT 1"))
    await asyncio.gather(*(hold(database, everybody) for _ in range(AT_ONCE)))
