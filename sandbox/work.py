"""One transaction's view of the stored objects."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.engine import agenda
from sandbox.errors import ResourceMissing

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Object = dict[str, Any]
"""A Stripe object as JSON, references unexpanded."""

TEST_CLOCK = "test_helpers.test_clock"
SHARED = ("coupon", "price", "product", "promotion_code")
"""What no customer owns, and so no test clock."""
NOUNS = {
    "payment_method": "PaymentMethod",
    "setup_intent": "setupintent",
    "webhook_endpoint": "webhook endpoint",
}
"""Where Stripe's "No such ..." does not use the object's own name."""


@dataclass(frozen=True)
class Upload:
    """A file that came with a request."""

    filename: str
    content: bytes


@dataclass(frozen=True)
class Caller:
    """The API request that causes a change; all None when time or a customer on a page causes it."""

    request_id: str | None = None
    idempotency_key: str | None = None
    upload: Upload | None = None


class Work:
    """Reads and writes objects within one transaction.

    The same id always gives the same dict, so that two functions changing one object never lose each other's
    change. `now` is the second at which everything in it happens: by the sandbox's own clock, or by `clock`, the id of
    a test clock. Whoever works on an object that is on a test clock lives by that clock: finding it is enough.
    """

    def __init__(
        self, sandbox: "Sandbox", connection: sqlite3.Connection, caller: Caller, clock: str | None = None
    ) -> None:
        self.sandbox = sandbox
        self.connection = connection
        self.caller = caller
        self.now = sandbox.clock.now()
        self.clock = clock
        self.queued = False
        """Whether there is something to deliver after the commit."""
        self._seen: dict[str, Object] = {}

    def live_on(self, clock: Object) -> None:
        """Happen at the frozen time of a test clock, and put on it what is made from here on."""
        self.clock, self.now = clock["id"], clock["frozen_time"]

    def add(self, obj: Object, **secret: Any) -> Object:
        """Store a new object. `secret` is what Stripe knows of it and never shows."""
        self.connection.execute(
            "INSERT INTO objects (id, object, created, body, secret, due, clock) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                obj["id"],
                obj["object"],
                obj.get("created", self.now),
                _json(obj),
                _json(secret),
                agenda.due(obj, self.now),
                None if obj["object"] in SHARED else self.clock,
            ),
        )
        self._seen[obj["id"]] = obj
        return obj

    def save(self, obj: Object) -> Object:
        """Write an object that was changed."""
        self.connection.execute(
            "UPDATE objects SET body = ?, due = ? WHERE id = ?", (_json(obj), agenda.due(obj, self.now), obj["id"])
        )
        return obj

    def delete(self, obj: Object) -> None:
        """Mark as deleted: found no more, except by `deleted`."""
        self.connection.execute("UPDATE objects SET deleted = 1, due = NULL WHERE id = ?", (obj["id"],))
        self._seen.pop(obj["id"], None)

    def find(self, kind: str, id: str) -> Object | None:
        """The object, or None."""
        if (seen := self._seen.get(id)) is not None:
            return seen if seen["object"] == kind else None
        row = self.connection.execute(
            "SELECT body, clock FROM objects WHERE id = ? AND object = ? AND NOT deleted", (id, kind)
        ).fetchone()
        if row is None:
            return None
        if row["clock"] not in (None, self.clock):
            self.live_on(self.get(TEST_CLOCK, row["clock"]))
        return self._remember(json.loads(row["body"]))

    def kind_of(self, id: str) -> str:
        """What kind of object has this id, deleted or not. KeyError if none has."""
        row = self.connection.execute("SELECT object FROM objects WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise KeyError(id)
        return str(row["object"])

    def get(self, kind: str, id: str, param: str = "id") -> Object:
        """The object; ResourceMissing names `param`, the parameter that held the id."""
        if (found := self.find(kind, id)) is None:
            raise ResourceMissing(NOUNS.get(kind, kind), id, param)
        return found

    def ever(self, kind: str, id: str) -> Object:
        """The object, deleted or not: what was made with it still refers to it."""
        if seen := self._seen.get(id):
            return seen
        row = self.connection.execute("SELECT body FROM objects WHERE id = ? AND object = ?", (id, kind)).fetchone()
        if row is None:
            raise ResourceMissing(NOUNS.get(kind, kind), id)
        return dict(json.loads(row["body"]))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Everything that is done inside is taken back at its end, the events too.

        Objects that were read before or inside are no longer the stored ones then: read them anew.
        """
        now, clock, queued = self.now, self.clock, self.queued
        self.connection.execute("SAVEPOINT undone")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK TO undone")
            self.connection.execute("RELEASE undone")
            self.now, self.clock, self.queued = now, clock, queued
            self._seen = {}

    def deleted(self, kind: str, id: str) -> bool:
        """Whether the object existed and was deleted."""
        found = self.connection.execute(
            "SELECT 1 FROM objects WHERE id = ? AND object = ? AND deleted", (id, kind)
        ).fetchone()
        return found is not None

    def select(
        self, kind: str, where: Mapping[str, Any] | None = None, sql: str = "", values: tuple[Any, ...] = ()
    ) -> list[Object]:
        """Objects whose fields have these values (a dotted path names a nested field), newest first.

        `sql` adds conditions on the columns of `objects`, or an order and limit of its own.
        """
        where = where or {}
        conditions = "".join(f" AND json_extract(body, '$.{path}') = ?" for path in where)
        order = "" if "ORDER BY" in sql else " ORDER BY seq DESC"
        rows = self.connection.execute(
            f"SELECT id, body FROM objects WHERE object = ? AND NOT deleted{conditions} {sql}{order}",  # noqa: S608
            (kind, *where.values(), *values),
        ).fetchall()
        return [self._seen.get(row["id"]) or self._remember(json.loads(row["body"])) for row in rows]

    def secret(self, id: str) -> dict[str, Any]:
        """What Stripe knows of an object and never shows."""
        row = self.connection.execute("SELECT secret FROM objects WHERE id = ?", (id,)).fetchone()
        return dict(json.loads(row["secret"]))

    def keep_secret(self, id: str, **secret: Any) -> None:
        """Add to it."""
        merged = _json({**self.secret(id), **secret})
        self.connection.execute("UPDATE objects SET secret = ? WHERE id = ?", (merged, id))

    def _remember(self, obj: Object) -> Object:
        self._seen[obj["id"]] = obj
        return obj


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
