"""Processes of Assent's that end themselves with SIGKILL, just before or just after one of their commits."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from billing.runtime import Runtime
from tests.running_assent import settle_in
from tests.sandbox_client import SandboxClient

CRASH_AT, CLOCK = "CRASH_AT", "CLOCK"
"""The variables that say at which commit, as `before:2`, and which sandbox tells the time."""

WROTE = "wrote"

OnCommit = Callable[[str], None]


@contextmanager
def watching_commits(on: OnCommit) -> Iterator[None]:
    """Calls it with `before:1`, `after:1`, and so on, around every commit of this process that writes rows.

    Before a commit everything has been sent to the database.
    """
    done = 0

    def note(session: Session, _context: object) -> None:
        session.info[WROTE] = True

    def before(session: Session) -> None:
        session.flush()
        if session.info.get(WROTE) and not session.in_nested_transaction():
            on(f"before:{done + 1}")

    def after(session: Session) -> None:
        nonlocal done
        if not session.in_nested_transaction() and session.info.pop(WROTE, False):
            done += 1
            on(f"after:{done}")

    listeners: dict[str, Callable[..., None]] = {"after_flush": note, "before_commit": before, "after_commit": after}
    for name, listener in listeners.items():
        event.listen(Session, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(Session, name, listener)


def serve(settings: dict[str, str], log: Path) -> None:
    """In a new process: the server, without the work that workers do."""
    settle_in(settings, log)
    from api import serving  # noqa: PLC0415 - in these processes alone
    from api.app import create_app  # noqa: PLC0415
    from billing.settings import Settings, load  # noqa: PLC0415

    async def run(runtime: Runtime) -> None:
        given = load(Settings)
        await serving._run(given, create_app(given, runtime), serving.bind(given.host, given.port))

    asyncio.run(_doomed(run))


def work(settings: dict[str, str], log: Path) -> None:
    """In a new process: a worker."""
    settle_in(settings, log)
    from api.running import working  # noqa: PLC0415

    async def run(runtime: Runtime) -> None:
        async with working(runtime):
            await asyncio.sleep(int(sys.maxsize >> 40))

    asyncio.run(_doomed(run))


async def _doomed(run: Callable[[Runtime], Any]) -> None:
    from api.running import open_runtime  # noqa: PLC0415
    from billing.settings import Settings, load  # noqa: PLC0415

    settings, point = load(Settings), os.environ.get(CRASH_AT)
    clock = SandboxClient(os.environ[CLOCK]).now
    async with open_runtime(settings) as runtime:
        with watching_commits(lambda reached: _die() if reached == point else None):
            await run(replace(runtime, clock=clock, refund_outside_consent=True))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
