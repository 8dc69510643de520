"""Assent and a sandbox whose clock the test moves: what happens to a subscription over months, in moments."""

import json
from datetime import datetime
from typing import Any

from sqlmodel import col, func, select

from billing import inbox, operations
from billing.applier import apply_due
from billing.mirror import SUBSCRIBED_EVENTS
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import EventSource, EventStatus, StripeEvent
from tests.sandbox_client import SandboxClient

# Seconds until every second of now is over, so that what was told within one can be read.
A_MOMENT = 3
# Rounds of applying that anything may take.
ROUNDS = 50


class Life:
    """`runtime` tells the sandbox's time. Events come when `catch_up` fetches them; nothing else delivers any."""

    def __init__(self, runtime: Runtime, sandbox: SandboxClient) -> None:
        self.runtime, self.sandbox = runtime, sandbox
        self._seen: set[str] = set()

    async def advance(self, **span: float) -> datetime:
        """Moves the clock by `timedelta(**span)` in one go, and then learns what happened."""
        self.sandbox.advance(**span)
        await self.catch_up()
        return self.sandbox.now()

    async def advance_to(self, moment: datetime) -> datetime:
        """The same, to a moment."""
        self.sandbox.advance_to(moment)
        await self.catch_up()
        return self.sandbox.now()

    async def catch_up(self) -> None:
        """Takes every new event, and applies until there is nothing left to apply."""
        for _ in range(ROUNDS):
            await self.store(await self.new_events())
            if await apply_due(self.runtime, now=self.runtime.clock()):
                continue
            if not await self._waiting():
                return
            self.sandbox.advance(seconds=A_MOMENT)
        raise AssertionError("Events are still waiting.")

    async def new_events(self) -> list[dict[str, Any]]:
        """What happened since the last call, oldest first, of the types that the endpoint is subscribed to."""
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = (await self.runtime.gateway.get("/v1/events", limit=100, **after)).data
            new = [event for event in page["data"] if event["id"] not in self._seen]
            found += new
            if len(new) < len(page["data"]) or not page["has_more"]:
                break
            after = {"starting_after": page["data"][-1]["id"]}
        self._seen |= {event["id"] for event in found}
        return [event for event in reversed(found) if event["type"] in SUBSCRIBED_EVENTS]

    async def store(self, events: list[dict[str, Any]]) -> None:
        """Puts events into the inbox, as webhooks do."""
        now = self.runtime.clock()
        rows = [inbox.new_event(each, json.dumps(each), source=EventSource.WEBHOOK, now=now) for each in events]
        async with self.runtime.database.transaction() as session:
            if rows:
                await inbox.insert(await session.connection(), rows)

    async def sweep(self) -> None:
        """Finishes what operations have left, as the server does every few seconds."""
        await operations.sweep(self.runtime, PROCEDURES)

    async def _waiting(self) -> int:
        waiting = select(func.count()).where(col(StripeEvent.status) == EventStatus.RECEIVED)
        async with self.runtime.database.read() as session:
            return (await session.exec(waiting)).one()
