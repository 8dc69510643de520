"""Whether a database can be worked with."""

import asyncio
import sqlite3

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from billing.database import Database
from billing.migrations import is_migrated
from billing.settings import CannotStart

# Seconds; a database that takes longer to open a connection is as good as gone.
PATIENCE = 10


async def check_reachable(database: Database) -> None:
    """Raises CannotStart where it does not answer."""
    try:
        _try_file(database)
        async with asyncio.timeout(PATIENCE):
            await is_migrated(database)
    except TimeoutError:
        raise CannotStart(f"DATABASE_URL: the database does not answer within {PATIENCE} seconds.") from None
    except (OSError, sqlite3.Error, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CannotStart(f"DATABASE_URL: the database cannot be used: {_reason(error)}.") from None


def _try_file(database: Database) -> None:
    """The driver's thread would still be telling of a file that cannot be opened when the process has ended."""
    if database.dialect == "sqlite":
        sqlite3.connect(str(database.url.database)).close()


async def check_migrated(database: Database) -> None:
    """Raises CannotStart where its tables are not those of this version."""
    if not await is_migrated(database):
        raise CannotStart("DATABASE_URL: the database does not have this version's tables; run `assent migrate`.")


def _reason(error: Exception) -> str:
    """One line of the driver's own words, in which no password stands."""
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0].rstrip(".") if str(cause).strip() else type(cause).__name__
