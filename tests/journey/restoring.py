"""Backups of either database as docs/operations.md has them made, and an older one put back."""

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from tests.postgres import client


@dataclass(frozen=True)
class Backups:
    """Of the database at `url`, into `folder`."""

    url: str
    folder: Path

    def make(self) -> Callable[[], None]:
        """A backup of now, while everything runs; call what comes back to restore it, while nothing does."""
        return self._sqlite() if self.url.startswith("sqlite") else self._postgres()

    def _sqlite(self) -> Callable[[], None]:
        file, copy = Path(str(make_url(self.url).database)), self.folder / "backup.sqlite3"
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))

        def restore() -> None:
            for suffix in ("-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            shutil.copy(copy, file)

        return restore

    def _postgres(self) -> Callable[[], None]:
        dump = self.folder / "backup.dump"
        run("pg_dump", "--format=custom", f"--file={dump}", self.url)

        def restore() -> None:
            asyncio.run(_make_anew(self.url))
            run("pg_restore", "--exit-on-error", f"--dbname={self.url}", str(dump))

        return restore


def run(tool: str, *arguments: str) -> None:
    subprocess.run([client(tool), *arguments], check=True, capture_output=True)


async def _make_anew(url: str) -> None:
    name = make_url(url).database
    connection = await asyncpg.connect(make_url(url).set(database="postgres").render_as_string(hide_password=False))
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
