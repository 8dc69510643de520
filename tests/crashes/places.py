"""The two databases, made and copied on a disk that a test can fill."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import asyncpg

from billing.migrations import migrate
from tests.postgres import Server, postgres_url, running_server

SMALL_DISK = "256m"


class Place(Protocol):
    """One of the two databases, on a disk that can be full."""

    disk: Path

    def copy(self, original: str | None) -> str:
        """The address of a new database: a copy of that one, or an empty one with all tables."""

    def drop(self, url: str) -> None:
        """Removes it."""


class OnSQLite:
    """Files."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        self._empty = f"sqlite:///{disk / 'empty.sqlite3'}"
        in_a_thread(migrate(self._empty))

    def copy(self, original: str | None) -> str:
        folder = self.disk / uuid4().hex
        folder.mkdir()
        return f"sqlite:///{shutil.copy(_file(original or self._empty), folder / 'assent.sqlite3')}"

    def drop(self, url: str) -> None:
        shutil.rmtree(_file(url).parent)


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


class OnPostgreSQL:
    """Databases of one server."""

    def __init__(self, disk: Path, server: Server) -> None:
        self.disk, self.server = disk, server
        self._empty = self._address("empty")
        self.execute("CREATE DATABASE empty")
        in_a_thread(migrate(self._empty))

    def copy(self, original: str | None) -> str:
        name = f"cell_{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {name_of(original or self._empty)} STRATEGY file_copy")
        return self._address(name)

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE {name_of(url)} WITH (FORCE)")

    def restart(self) -> None:
        """The server dies, and comes back."""
        self.server.crash()
        self.server.start()

    def execute(self, statement: str) -> None:
        """Runs a statement that no transaction may enclose."""
        in_a_thread(self._execute(statement))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(host=str(self.server.folder), user="assent", database="postgres")
        await connection.execute(statement)
        await connection.close()

    def _address(self, name: str) -> str:
        return postgres_url(self.server.folder, name)


def name_of(url: str) -> str:
    """Of a database of the server's."""
    return url.partition("@/")[2].partition("?")[0]


def in_a_thread(work: Any) -> None:
    """Awaits it to its end, whether or not a loop runs here."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk that a test can fill, where we may mount one; else just a folder."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK},mode=755", "tmpfs", disk],
            capture_output=True,
            check=False,
        ).returncode
    )
    try:
        yield disk
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", disk], check=True)


def is_small(disk: Path) -> bool:
    """Whether it can be filled without harm to anybody else."""
    return disk.is_mount()


@contextmanager
def place(kind: str, folder: Path) -> Iterator[Place]:
    """`sqlite` or `postgresql`."""
    with small_disk(folder) as disk:
        if kind == "sqlite":
            yield OnSQLite(disk)
        else:
            with running_server(disk, "--wal-segsize=1") as server:
                yield OnPostgreSQL(disk, server)
