import asyncio

import alembic
import pytest
from alembic import command
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, Text, inspect, text

from billing.database import Database
from billing.migrations import config, is_migrated, migrate, within_migration


async def tables(database: Database) -> list[str]:
    async with database.engine.connect() as connection:
        names = await connection.run_sync(lambda it: inspect(it).get_table_names())
    return sorted(set(names) - {"alembic_version"})


def check(connection: Connection) -> None:
    command.check(config(connection))


async def test_the_migrations_make_exactly_the_tables_that_the_code_declares(database_url: str) -> None:
    await within_migration(database_url, check)


async def test_the_check_for_drift_sees_a_missing_column(database_url: str, database: Database) -> None:
    async with database.transaction() as session:
        await (await session.connection()).execute(text("ALTER TABLE customers DROP COLUMN name"))
    with pytest.raises(CommandError, match="New upgrade operations detected"):
        await within_migration(database_url, check)


async def test_every_migration_can_be_taken_back_and_run_again(database_url: str, database: Database) -> None:
    migrated = await tables(database)
    await migrate_down(database_url)
    assert await tables(database) == []
    assert not await is_migrated(database)
    await migrate(database_url)
    assert await tables(database) == migrated
    assert await is_migrated(database)


async def test_migrations_started_at_once_wait_for_each_other(database_url: str, database: Database) -> None:
    await migrate_down(database_url)
    await asyncio.gather(*(migrate(database_url) for _ in range(4)))
    assert await is_migrated(database)


async def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str, database: Database) -> None:
    before = await tables(database)

    def fail(connection: Connection) -> None:
        command.downgrade(config(connection), "base")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await within_migration(database_url, fail)
    assert await tables(database) == before
    assert await is_migrated(database)


async def test_a_table_can_be_rebuilt_under_the_rows_that_refer_to_it(database_url: str, database: Database) -> None:
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT)"))
        await connection.execute(text("CREATE TABLE children (parent_id INTEGER REFERENCES parents ON DELETE CASCADE)"))
        await connection.execute(text("INSERT INTO parents VALUES (1, 'first')"))
        await connection.execute(text("INSERT INTO children VALUES (1)"))
    await within_migration(database_url, require_names)
    async with database.read() as session:
        children = await (await session.connection()).execute(text("SELECT parent_id FROM children"))
        assert children.scalars().all() == [1]


def require_names(connection: Connection) -> None:
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("parents") as parents:
        parents.alter_column("name", existing_type=Text(), nullable=False)


def test_the_library_is_not_hidden_by_the_folder_of_migrations() -> None:
    assert alembic.__version__


async def migrate_down(url: str) -> None:
    await within_migration(url, lambda connection: command.downgrade(config(connection), "base"))
