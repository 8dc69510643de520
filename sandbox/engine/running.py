"""Doing what is due on one timeline: one thing after the other, each at its own time and in its own transaction."""

import sqlite3

from sandbox.core import Sandbox
from sandbox.engine import agenda
from sandbox.engine.deeds import DEEDS
from sandbox.work import Object, Work


def run(sandbox: Sandbox, until: int, clock: str | None = None) -> None:
    """Do everything that is due by then on the sandbox's own clock, or on the test clock of that id.

    A failure is raised. What failed is not due any more until it is changed, so that it cannot keep all others waiting.
    """
    while due := earliest(sandbox, until, clock):
        try:
            step(sandbox, due, until, clock)
        except Exception:
            with sandbox.database.transaction() as connection:
                connection.execute("UPDATE objects SET due = NULL WHERE id = ?", (due["id"],))
            raise


def next_due(connection: sqlite3.Connection, clock: str | None) -> int | None:
    """When the next thing is due on a timeline."""
    row = connection.execute("SELECT min(due) FROM objects WHERE clock IS ? AND due IS NOT NULL", (clock,)).fetchone()
    return None if row[0] is None else int(row[0])


def earliest(sandbox: Sandbox, until: int, clock: str | None = None) -> sqlite3.Row | None:
    """Which object has something to do first, if by then; with `id`, `object` and when it is `due`."""
    query = "SELECT id, object, due FROM objects WHERE clock IS ? AND due <= ? ORDER BY due, seq LIMIT 1"
    with sandbox.database.transaction() as connection:
        found: sqlite3.Row | None = connection.execute(query, (clock, until)).fetchone()
    return found


def step(sandbox: Sandbox, due: sqlite3.Row, until: int, clock: str | None = None) -> None:
    """Do the thing that is due, if nobody else has done or changed it meanwhile."""
    with sandbox.work(clock=clock) as work:
        still = work.connection.execute("SELECT 1 FROM objects WHERE id = ? AND due = ?", (due["id"], due["due"]))
        if still.fetchone() is None:
            return
        obj = work.get(due["object"], due["id"])
        deed = agenda.next_deed(obj, due["due"] - 1)
        if deed and deed[0] <= until:
            _do(work, obj, *deed)
        else:
            work.save(obj)


def _do(work: Work, obj: Object, moment: int, name: str) -> None:
    work.now = moment
    DEEDS[obj["object"], name](work, obj)
    after = work.find(obj["object"], obj["id"])
    if after and agenda.next_deed(work.save(after), moment) == (moment, name):
        raise RuntimeError(f"{name} left {obj['id']} as it was, so it would be due for ever.")
