"""The sandbox's state: one SQLite file, one connection, one transaction at a time."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL,
    created INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    secret TEXT NOT NULL DEFAULT '{}',
    due INTEGER,
    clock TEXT
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (object, seq);
CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (object, json_extract(body, '$.customer'), seq);
CREATE INDEX IF NOT EXISTS objects_by_status ON objects (object, json_extract(body, '$.status'), seq);
CREATE INDEX IF NOT EXISTS objects_by_invoice ON objects (object, json_extract(body, '$.invoice'), seq);
CREATE INDEX IF NOT EXISTS objects_by_method ON objects (object, json_extract(body, '$.payment_method'), seq);
CREATE INDEX IF NOT EXISTS objects_by_charge ON objects (object, json_extract(body, '$.charge'), seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (object, json_extract(body, '$.payment.payment_intent'), seq);
CREATE INDEX IF NOT EXISTS objects_due ON objects (clock, due, seq) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL,
    delivered INTEGER NOT NULL DEFAULT 0,
    last_answer TEXT,
    draft TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_awaited ON deliveries (due) WHERE draft IS NOT NULL AND due IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS contents (
    file TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY,
    endpoint TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS state (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
"""


class Database:
    """The file. Any thread may use it; they take turns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._turn = threading.Lock()
        # A commit survives the process without waiting for the disk; only a power cut could take it back.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        _add_due_times(self._connection)
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, rolled back on an exception."""
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def recall(self, name: str, default: str) -> str:
        """What was kept under this name."""
        with self._turn:
            row = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else default

    def keep(self, name: str, value: str) -> None:
        """Keep a value of the sandbox as a whole, in a transaction of its own."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Give the file back."""
        with self._turn:
            self._connection.close()


def _add_due_times(connection: sqlite3.Connection) -> None:
    """Give a file of an earlier version the columns that time works by; everything in it is looked at once."""
    columns = {row["name"] for row in connection.execute("PRAGMA table_info(objects)")}
    if columns and "due" not in columns:
        connection.executescript(
            "ALTER TABLE deliveries ADD COLUMN draft TEXT;"
            "ALTER TABLE objects ADD COLUMN due INTEGER; ALTER TABLE objects ADD COLUMN clock TEXT;"
            "UPDATE objects SET due = unixepoch() WHERE object != 'event' AND NOT deleted"
        )
