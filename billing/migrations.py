"""Migrations: bring a database to the newest schema, and tell whether it has it."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from billing.database import Database

# In a checkout the folder stands beside `billing`; a wheel carries it inside.
FOLDERS = (Path(__file__).parent / "_alembic", Path(__file__).parent.parent / "alembic")

# An arbitrary number that nothing else in the database locks.
ADVISORY_LOCK = 4_177_536_810


async def migrate(url: str, revision: str = "head") -> None:
    """Brings the database at `url` to `revision`, all or nothing. Parallel calls wait for each other."""
    await within_migration(url, lambda connection: command.upgrade(config(connection), revision))


async def is_migrated(database: Database) -> bool:
    """Whether the database has exactly the schema that this version of Assent expects."""
    async with database.read() as session:
        connection = await session.connection()
        return await connection.run_sync(_revision) == _newest()


async def within_migration(url: str, work: Callable[[Connection], None]) -> None:
    """Does `work` in one transaction that may rebuild tables and that no other migration shares."""
    database = Database(url)
    try:
        async with database.engine.connect() as connection:
            if database.dialect == "sqlite":
                await connection.run_sync(_allow_copies)
            async with connection.begin():
                if database.dialect == "postgresql":
                    await connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
                await connection.run_sync(work)
    finally:
        await database.close()


def _allow_copies(connection: Connection) -> None:
    """SQLite alters a table by copying it, and dropping the old one would delete what refers to it."""
    # The driver's own cursor: in a transaction, which SQLAlchemy would begin, the pragma does nothing.
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


def config(connection: Connection | None = None) -> Config:
    """What Alembic's commands need; they work on `connection` and leave it open."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(next(filter(Path.is_dir, FOLDERS))).replace("%", "%%"))
    return made


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()
