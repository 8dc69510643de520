"""Reads of one statement, past SQLAlchemy's sessions: what they cost is more than what such a statement costs.

A statement alone is a snapshot of its own; several share one in `snapshot`. SQLAlchemy still writes the SQL, once.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import aiosqlite
import asyncpg
from sqlalchemy import URL

from billing.compiled import Compiled, Values
from billing.connections import Connections

# Connections of one process, besides those of the sessions.
MOST_CONNECTIONS = 8
# Seconds, for PostgreSQL to say goodbye.
CLOSES_WITHIN = 2.0
# Per connection; what is asked for again and again is planned once.
STATEMENTS_PREPARED = 256

Note = Callable[[str], None]


class TookTooLong(Exception):
    """The statement's time was over before it had ended."""


class Snapshot(Protocol):
    """Something to read in."""

    async def fetch(self, compiled: Compiled, values: Values) -> Any:
        """The first row. Raises TookTooLong."""


class Reader(Snapshot, Protocol):
    """Reads the database; `on_statement` is told of each statement. Each `fetch` is a snapshot of its own."""

    on_statement: list[Note]

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """In it the database stands still."""

    async def close(self) -> None:
        """Closes every connection; those in use when they are not any more."""


class PostgresReader:
    """Connections of asyncpg that commit by themselves."""

    def __init__(self, url: URL, *, statement_timeout: float | None = None) -> None:
        self._url, self._timeout = url, statement_timeout
        self._connections = Connections(MOST_CONNECTIONS, self._open, _close, works=lambda each: not each.is_closed())
        self.on_statement: list[Note] = []

    async def fetch(self, compiled: Compiled, values: Values) -> Any:
        """The first row, in one trip. Raises TookTooLong."""
        async with self._connections.one() as connection:
            return await self._fetch(connection, compiled, values)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """A connection on which the first statement decides what all of them see."""
        async with (
            self._connections.one() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield _Held(lambda compiled, values: self._fetch(connection, compiled, values))

    async def close(self) -> None:
        """Waits for nobody who reads."""
        await self._connections.close()

    async def _fetch(self, connection: Any, compiled: Compiled, values: Values) -> Any:
        for note in self.on_statement:
            note(compiled.sql)
        try:
            return await connection.fetchrow(compiled.sql, *compiled.bind(values))
        except asyncpg.QueryCanceledError as error:
            raise TookTooLong from error

    async def _open(self) -> Any:
        return await asyncpg.connect(
            self._url.set(drivername="postgresql").render_as_string(hide_password=False),
            statement_cache_size=STATEMENTS_PREPARED,
            max_cached_statement_lifetime=0,
            server_settings=self._settings(),
        )

    def _settings(self) -> dict[str, str]:
        timeout = {"statement_timeout": str(int(self._timeout * 1000))} if self._timeout else {}
        # Being planned each time, or compiled to machine code, would take longer than most of them do.
        fast = {"jit": "off", "plan_cache_mode": "force_generic_plan"}
        return {"timezone": "UTC", "application_name": "assent reads", **fast, **timeout}


class SqliteReader:
    """Connections to the file that cannot write, each with a thread of its own."""

    def __init__(self, url: URL, *, statement_timeout: float | None = None) -> None:
        self._file, self._timeout = str(url.database), statement_timeout
        self._connections = Connections(
            MOST_CONNECTIONS, self._open, aiosqlite.Connection.close, works=lambda each: True
        )
        self.on_statement: list[Note] = []

    async def fetch(self, compiled: Compiled, values: Values) -> Any:
        """The first row. Raises TookTooLong."""
        async with self._connections.one() as connection:
            return await self._fetch(connection, compiled, values)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """A transaction that takes no lock."""
        async with self._connections.one() as connection:
            await connection.execute("BEGIN")
            try:
                yield _Held(lambda compiled, values: self._fetch(connection, compiled, values))
            finally:
                await connection.execute("ROLLBACK")

    async def close(self) -> None:
        """Waits for nobody who reads."""
        await self._connections.close()

    async def _fetch(self, connection: aiosqlite.Connection, compiled: Compiled, values: Values) -> Any:
        for note in self.on_statement:
            note(compiled.sql)
        rows = asyncio.ensure_future(connection.execute_fetchall(compiled.sql, compiled.bind(values)))
        done, _ = await asyncio.wait([rows], timeout=self._timeout)
        if not done:
            await connection.interrupt()
        try:
            return next(iter(await rows), None)
        except sqlite3.OperationalError as error:
            if done:
                raise
            raise TookTooLong from error

    async def _open(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self._file, isolation_level=None)
        try:
            await connection.execute("PRAGMA query_only = ON")
        except BaseException:
            await connection.close()
            raise
        return connection


class _Held:
    """A connection for as long as a snapshot lasts; those who share it take turns."""

    def __init__(self, run: Callable[[Compiled, Values], Awaitable[Any]]) -> None:
        self._run, self._turn = run, asyncio.Lock()

    async def fetch(self, compiled: Compiled, values: Values) -> Any:
        """The first row. Raises TookTooLong."""
        async with self._turn:
            return await self._run(compiled, values)


async def _close(connection: Any) -> None:
    await connection.close(timeout=CLOSES_WITHIN)


def open_reader(url: URL, *, statement_timeout: float | None) -> Reader:
    """A reader of the database at this address; no connection is opened yet."""
    kind = SqliteReader if url.get_backend_name() == "sqlite" else PostgresReader
    return kind(url, statement_timeout=statement_timeout)
