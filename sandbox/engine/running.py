"""Doing what is due on one timeline: one thing after the other, each at its own time and in its own transaction."""

import sqlite3

from sandbox.core import Sandbox
from sandbox.engine import agenda
from sandbox.engine.deeds import DEEDS
from sandbox.work import Object, Work


def run(sandbox: Sandbox, until: int, clock: str | None = None) -> None:
    """Do everything that is due by then on the sandbox's own clock, or on the test clock of that id."""
    while _step(sandbox, until, clock):
        pass


def next_due(connection: sqlite3.Connection, clock: str | None) -> int | None:
    """When the next thing is due on a timeline."""
    row = connection.execute("SELECT min(due) FROM objects WHERE clock IS ? AND due IS NOT NULL", (clock,)).fetchone()
    return None if row[0] is None else int(row[0])


def _step(sandbox: Sandbox, until: int, clock: str | None) -> bool:
    """Do the earliest thing that is due by then. False if nothing is."""
    with sandbox.work(clock=clock) as work:
        earliest = work.connection.execute(
            "SELECT id, object, due FROM objects WHERE clock IS ? AND due <= ? ORDER BY due, seq LIMIT 1",
            (clock, until),
        ).fetchone()
        if earliest is None:
            return False
        obj = work.get(earliest["object"], earliest["id"])
        deed = agenda.next_deed(obj, earliest["due"] - 1)
        if deed and deed[0] <= until:
            _do(work, obj, *deed)
        else:
            work.save(obj)
        return True


def _do(work: Work, obj: Object, moment: int, name: str) -> None:
    work.now = moment
    DEEDS[obj["object"], name](work, obj)
    after = work.find(obj["object"], obj["id"])
    if after and agenda.next_deed(work.save(after), moment) == (moment, name):
        raise RuntimeError(f"{name} left {obj['id']} as it was, so it would be due for ever.")
