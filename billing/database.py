"""The database: one class for SQLite and PostgreSQL, with transactions that mean the same on both."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, QueuePool, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.journal.recording import Journal, JournaledSession, start
from billing.reader import open_reader

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}

# A reader sees one snapshot for as long as it looks.
READ_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {"assent_read": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}

# Seconds that a writer waits for another one on SQLite before it gives up.
SQLITE_BUSY_SECONDS = 30

# Seconds that a transaction may do nothing on PostgreSQL. A process that stands still in the middle of one has locks
# for so long, and no longer than it has leases (`applier.leasing`).
IDLE_SECONDS = 15

AFTER_COMMIT = "assent_after_commit"


class Database:
    """Opens transactions; `reader` is for reads of one statement.

    `on_commit` callbacks run after each transaction that may have written, with no arguments.
    """

    def __init__(self, url: str, *, statement_timeout: float | None = None) -> None:
        self.url = driver_url(url)
        self.engine = _engine(self.url, statement_timeout)
        self.dialect: str = self.engine.dialect.name
        """`sqlite` or `postgresql`."""
        self._reader = self.engine.execution_options(**READ_OPTIONS[self.dialect])
        self._alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._write = async_sessionmaker(
            self.engine, class_=AsyncSession, expire_on_commit=False, sync_session_class=JournaledSession
        )
        self._read = async_sessionmaker(self._reader, class_=AsyncSession, expire_on_commit=False)
        self.reader = open_reader(self.url, statement_timeout=statement_timeout)
        self.on_commit: list[Callable[[], None]] = []
        self.journal = Journal()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end and rolls back on any exception. On SQLite it holds the write lock."""
        async with self._write(info=start(self.journal)) as session, session.begin():
            yield session
        for notify in (*session.info.get(AFTER_COMMIT, {}).values(), *self.on_commit):
            notify()

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one statement that writes, of rows that no journal tells of.

        On PostgreSQL it commits with the statement, in one trip instead of three; on SQLite at the end, as ever.
        """
        connecting = self._alone.connect() if self.dialect == "postgresql" else self.engine.begin()
        async with connecting as connection:
            yield connection
        for notify in self.on_commit:
            notify()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one snapshot and takes no write lock."""
        async with self._read.begin() as session:
            yield session

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections are in use, and how many there may be."""
        pool = self.engine.pool
        if not isinstance(pool, QueuePool):
            return 0, 1
        return pool.checkedout(), pool.size() + pool._max_overflow  # noqa: SLF001 - it tells nobody else

    async def close(self) -> None:
        """Closes every connection."""
        await self.reader.close()
        await self.engine.dispose()


def follow_commit(session: AsyncSession | Session, name: str, then: Callable[[], None]) -> bool:
    """Runs `then` after the transaction's commit, once for each name; whether it is the first of this name."""
    following: dict[str, Callable[[], None]] = session.info.setdefault(AFTER_COMMIT, {})
    return following.setdefault(name, then) is then


def driver_url(url: str) -> URL:
    """`sqlite:///file` and `postgresql://...` with the async driver that we use.

    Raises ValueError for other databases.
    """
    parsed = make_url(url)
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise ValueError(f"{parsed.drivername} is not supported; use sqlite:///FILE or postgresql://...")
    return parsed.set(drivername=driver)


def _engine(url: URL, statement_timeout: float | None) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    settings = _limits(statement_timeout) if statement_timeout else {}
    engine = create_async_engine(
        url,
        hide_parameters=True,  # they are customers' values, and errors are logged
        isolation_level="READ COMMITTED",
        pool_size=16,
        max_overflow=16,
        connect_args={"server_settings": {"timezone": "UTC", "application_name": "assent", **settings}},
    )
    event.listen(engine.sync_engine, "connect", _make_postgresql_honest)
    event.listen(engine.sync_engine, "checkout", _pass_over_closed)
    if statement_timeout:
        event.listen(engine.sync_engine, "connect", partial(_limit_transactions, statement_timeout + IDLE_SECONDS))
    return engine


def _make_postgresql_honest(connection: Any, _record: object) -> None:
    """A server that answers before it has written would forget in a crash what was reserved, and it be charged twice.

    The stricter settings, those that wait for a standby too, are left as they are.
    """
    cursor = connection.cursor()
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()


def _pass_over_closed(connection: Any, _record: object, _proxy: object) -> None:
    """A server that was restarted has closed what waited in the pool; the pool connects anew in its place.

    The driver knows without a trip, which `pool_pre_ping` would spend on each transaction.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _limit_transactions(seconds: float, connection: Any, _record: object) -> None:
    """From PostgreSQL 17 on. A process can stand still within a statement too, before it has sent its values.

    No other limit counts then, and what it has locked would be locked until its connection breaks.
    """
    cursor = connection.cursor()
    setting = f"SELECT set_config(name, '{int(seconds * 1000)}', false) FROM pg_settings "  # noqa: S608 - a number
    cursor.execute(f"{setting} WHERE name = 'transaction_timeout'")
    cursor.close()
    connection.commit()


def _limits(statement_timeout: float) -> dict[str, str]:
    return {
        "statement_timeout": str(int(statement_timeout * 1000)),
        "idle_in_transaction_session_timeout": str(IDLE_SECONDS * 1000),
    }


def _sqlite(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": SQLITE_BUSY_SECONDS})
    event.listen(engine.sync_engine, "connect", _make_sqlite_honest)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _make_sqlite_honest(connection: Any, _record: object) -> None:
    """Leaves transactions to SQLAlchemy, because the driver begins none before a SAVEPOINT; turns on what is off."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: one that read first could only fail when another wrote meanwhile."""
    read = connection.get_execution_options().get("assent_read", False)
    connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")
