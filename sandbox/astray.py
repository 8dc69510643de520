"""What bad weather does to a delivery before it is sent for the first time."""

import sqlite3
from typing import Literal

from sandbox.core import Sandbox
from sandbox.weather import DeliverySpell

Verdict = Literal["send", "lost", "held"]
"""Send it; count it as arrived without sending it; leave it alone, its row says what will become of it."""


def verdict(sandbox: Sandbox, seq: int) -> Verdict:
    """What becomes of a delivery that is due; its row in `deliveries` is changed accordingly."""
    with sandbox.database.transaction() as connection:
        row = connection.execute(
            "SELECT deliveries.*, json_extract(body, '$.type') AS type FROM deliveries "
            "JOIN objects ON objects.id = deliveries.event WHERE deliveries.seq = ?",
            (seq,),
        ).fetchone()
        if row["last_answer"] is not None:  # it was tried, or met the weather before
            return "send"
        spell = sandbox.weather.on_delivery(row["type"])
        return _meet(connection, row, spell, sandbox.clock.exact()) if spell else "send"


def _meet(connection: sqlite3.Connection, row: sqlite3.Row, spell: DeliverySpell, now: float) -> Verdict:
    match spell.what:
        case "lose":
            return "lost"
        case "drop":
            _change(connection, row, None, "dropped")
            return "held"
        case "duplicate":
            connection.execute(
                "INSERT INTO deliveries (event, endpoint, due, last_answer) VALUES (?, ?, ?, 'duplicate')",
                (row["event"], row["endpoint"], now + spell.seconds),
            )
            return "send"
        case "reorder":
            _change(connection, row, now + spell.chance() * spell.seconds, "held up")
        case _:
            _change(connection, row, now + spell.seconds, "delayed")
    return "held"


def _change(connection: sqlite3.Connection, row: sqlite3.Row, due: float | None, answer: str) -> None:
    connection.execute("UPDATE deliveries SET due = ?, last_answer = ? WHERE seq = ?", (due, answer, row["seq"]))
