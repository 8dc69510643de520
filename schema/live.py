"""Live fields: GraphQL subscriptions, which send an object at once and again after each change."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import strawberry

from billing import setup_sessions
from billing.callers import Caller
from billing.database import Database
from billing.errors import NotFound
from schema.context import Info
from schema.faults import NOT_FOUND, fault
from schema.nodes import parse
from schema.nouns import SetupSession
from schema.permissions import authorize
from schema.reads import described
from schema.reads.reading import reference

# Seconds between two looks while this process commits nothing: another one may have.
LOOK_AGAIN = 1.0


@described
class Live:
    """GraphQL subscriptions, over graphql-transport-ws at the same path. An expired token ends the stream."""

    @strawberry.subscription(
        description="The session, now and after each change of it or of what its fields show: open, then complete, "
        "expired, or with the failure of an attempt."
    )
    async def setup_session(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Which.")]
    ) -> AsyncIterator[SetupSession | None]:
        caller = authorize(info.context)
        session_id = parse("setup_session", id)
        async for _ in _states(info.context.runtime.database, caller, session_id):
            yield reference(session_id)


async def _states(database: Database, caller: Caller, session_id: UUID | None) -> AsyncIterator[Any]:
    """Each state of the session that differs from the one before. Raises NOT_FOUND where there is none to see."""
    known: Any = None
    async for _ in _commits(database):
        async with database.read() as session:
            try:
                found = await setup_sessions.get(session, caller, session_id)
            except NotFound as error:
                raise fault(NOT_FOUND, "There is no such setup session.") from error
            state = await setup_sessions.state(session, found)
        if state != known:
            known = state
            yield state


async def _commits(database: Database) -> AsyncIterator[None]:
    """At once, then after each commit of this process, and every second for the sake of others'."""
    committed = asyncio.Event()
    database.on_commit.append(committed.set)
    try:
        while True:
            committed.clear()
            yield
            try:
                async with asyncio.timeout(LOOK_AGAIN):
                    await committed.wait()
            except TimeoutError:
                continue
    finally:
        database.on_commit.remove(committed.set)
