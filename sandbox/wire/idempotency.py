"""Idempotency keys: the first answer to a key is its answer for a day."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.core import Sandbox
from sandbox.errors import IdempotencyKeyInUse, IdempotencyMismatch, InvalidRequest

KEPT = 24 * 3600
"""Seconds: Stripe keeps keys at least this long."""
LONGEST = 255


@dataclass(frozen=True)
class Answer:
    """An answer as it was sent first."""

    request_id: str
    status: int
    body: str


@dataclass(frozen=True)
class Attempt:
    """A request that carries a key."""

    key: str
    endpoint: str
    fingerprint: str


def attempt(key: str, method: str, path: str, pairs: list[tuple[str, str]]) -> Attempt:
    """The key together with what it must stay the same for."""
    if len(key) > LONGEST:
        raise InvalidRequest(f"Idempotency keys are at most {LONGEST} characters long.")
    digest = hashlib.sha256(json.dumps(sorted(pairs)).encode()).hexdigest()
    return Attempt(key, f"{method} {path}", digest)


@contextmanager
def running(sandbox: Sandbox, key: str) -> Iterator[None]:
    """Hold the key while its request runs. IdempotencyKeyInUse if another request holds it."""
    with sandbox.running_keys_turn:
        if key in sandbox.running_keys:
            raise IdempotencyKeyInUse(key)
        sandbox.running_keys.add(key)
    try:
        yield
    finally:
        with sandbox.running_keys_turn:
            sandbox.running_keys.discard(key)


def replay(connection: sqlite3.Connection, this: Attempt, now: int) -> Answer | None:
    """The first answer, or None for a key that is new. IdempotencyMismatch if it was for something else."""
    connection.execute("DELETE FROM idempotency WHERE created < ?", (now - KEPT,))
    row = connection.execute("SELECT * FROM idempotency WHERE key = ?", (this.key,)).fetchone()
    if row is None:
        return None
    if (row["endpoint"], row["fingerprint"]) == (this.endpoint, this.fingerprint):
        return Answer(row["request"], row["status"], row["body"])
    raise IdempotencyMismatch(_difference(this, row["endpoint"]))


def _difference(this: Attempt, endpoint: str) -> str:
    if endpoint != this.endpoint:
        what = f"endpoint they were first used for ('{endpoint}' vs '{this.endpoint}')"
    else:
        what = "parameters they were first used with"
    return (
        f"Keys for idempotent requests can only be used with the same {what}. Try using a key other than "
        f"'{this.key}' if you meant to execute a different request."
    )


def keep(connection: sqlite3.Connection, this: Attempt, answer: Answer, now: int) -> None:
    """Remember the first answer."""
    connection.execute(
        "INSERT INTO idempotency (key, endpoint, fingerprint, request, status, body, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (this.key, this.endpoint, this.fingerprint, answer.request_id, answer.status, answer.body, now),
    )
