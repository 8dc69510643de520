"""What a database is like, for whoever judges whether it will do: read, and nothing changed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from billing.database import Database
from billing.reader import MOST_CONNECTIONS

POSTGRES = """
SELECT
    current_setting('server_version') AS version,
    current_setting('server_version_num')::int AS number,
    current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int AS connections,
    (SELECT sum(numbackends)::int FROM pg_stat_database) AS in_use,
    current_setting('fsync') = 'on' AS is_durable
"""


@dataclass(frozen=True)
class SqliteCondition:
    """A file. `free` is what its disk has left, in bytes; `synchronous` is SQLite's own number for FULL, or another."""

    version: str
    journal_mode: str
    synchronous: int
    free: int


@dataclass(frozen=True)
class PostgresCondition:
    """A server. `connections` are those for everybody but its owner, `wanted` the most that one process of ours opens.

    `is_durable` is its fsync.
    """

    version: str
    number: int
    connections: int
    in_use: int
    wanted: int
    is_durable: bool


async def look(database: Database) -> SqliteCondition | PostgresCondition:
    """Whichever it is."""
    return await (_sqlite(database) if database.dialect == "sqlite" else _postgres(database))


async def _sqlite(database: Database) -> SqliteCondition:
    async with database.read() as session:
        connection = await session.connection()

        async def ask(statement: str) -> str:
            return str((await connection.exec_driver_sql(statement)).scalar_one())

        return SqliteCondition(
            version=await ask("SELECT sqlite_version()"),
            journal_mode=await ask("PRAGMA journal_mode"),
            synchronous=int(await ask("PRAGMA synchronous")),
            free=_free(database),
        )


def _free(database: Database) -> int:
    return shutil.disk_usage(Path(database.url.database or ".").parent).free


async def _postgres(database: Database) -> PostgresCondition:
    async with database.read() as session:
        found = (await (await session.connection()).execute(text(POSTGRES))).one()
    # Those of sessions, those of reads, and the one that listens.
    wanted = database.connections[1] + MOST_CONNECTIONS + 1
    return PostgresCondition(**found._mapping, wanted=wanted)  # noqa: SLF001 - SQLAlchemy's name for it is public
