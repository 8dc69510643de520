"""Signals between processes: that something of a kind was committed, never what.

Whoever hears one looks for himself, so one signal may stand for many commits, and one too many does no harm.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.database import follow_commit

# What there is to watch for: events in the inbox, rows in the journal, keys that are revoked, trusted documents.
EVENTS = "events"
JOURNAL = "journal"
KEYS = "keys"
TRUSTED_DOCUMENTS = "trusted_documents"

CHANNEL = "assent"

# Seconds between two looks of those to whom no other process can tell anything.
POLL = 1.0


class Signals:
    """What is announced here is heard by every watcher of this process once it is committed.

    Other processes hear of it through PostgreSQL with `notifies`, and are heard while `hears` is true, which
    `billing.notifications` sees to. Without it, watchers look by themselves every second.
    """

    def __init__(self, *, notifies: bool = False) -> None:
        self._notifies = notifies
        self._origin = secrets.token_hex(8)
        self._watchers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._timer: asyncio.TimerHandle | None = None
        self.hears = False

    async def announce(self, session: AsyncSession, topic: str) -> None:
        """Tells whoever watches the topic, in any process, after the session's commit; repeated in it, it is one.

        A notification takes part in the commit, where PostgreSQL lets one transaction after the other through: announce
        once for many rows.
        """
        await session.run_sync(self.tell, topic)

    def tell(self, session: Session, topic: str) -> None:
        """The same, for whoever has the session itself."""
        if not follow_commit(session, f"announce {topic}", lambda: self.wake(topic)):
            return
        if (notification := self.notification(topic)) is not None:
            session.connection().execute(select(notification))

    def notification(self, topic: str) -> ColumnElement[Any] | None:
        """What a statement that commits by itself selects, to tell other processes; ours are to be woken after it."""
        return func.pg_notify(CHANNEL, f"{topic} {self._origin}") if self._notifies else None

    def wake(self, topic: str) -> None:
        """Lets everybody look who watches the topic in this process."""
        for woken in self._watchers.get(topic, ()):
            woken.set()

    @contextmanager
    def watching(self, topic: str) -> Iterator[asyncio.Event]:
        """An event that is set by each announcement, and whenever one may have been missed. Clear it, then look."""
        woken = asyncio.Event()
        self._watchers[topic].add(woken)
        self._keep_looking()
        try:
            yield woken
        finally:
            self._watchers[topic].discard(woken)

    def hear(self, payload: str) -> None:
        """Takes a notification; those of this process are known since their commit."""
        topic, _, origin = payload.partition(" ")
        if origin != self._origin:
            self.wake(topic)

    def wake_all(self) -> None:
        """Lets everybody look, because something may have been missed."""
        for topic in self._watchers:
            self.wake(topic)

    def _keep_looking(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(POLL, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self.hears:
            self.wake_all()
        if any(self._watchers.values()):
            self._keep_looking()
