"""Live fields: GraphQL subscriptions, which send an object at once and again after each change."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

import strawberry

from billing import customers, setup_sessions, subscriptions
from billing.callers import Caller
from billing.errors import NotFound
from billing.journal.following import CursorExpired, Scope, follow
from billing.journal.tail import News
from schema.changes import expired
from schema.context import Context, Info
from schema.faults import NOT_FOUND, fault
from schema.nodes import parse
from schema.nouns import Change, Customer, SetupSession, Subscription
from schema.permissions import authorize
from schema.reads import described
from schema.reads.cursors import convert_number
from schema.reads.reading import read, reference

Id = Annotated[strawberry.ID, strawberry.argument(description="Which.")]
CustomerId = Annotated[strawberry.ID | None, strawberry.argument(description="Whose; left out: everybody's.")]
After = Annotated[
    str | None, strawberry.argument(description="The cursor behind which to begin; left out: with the next change.")
]

FINDERS: dict[str, Any] = {
    "customer": customers.get,
    "setup_session": setup_sessions.get,
    "subscription": subscriptions.get,
}


@described
class Live:
    """GraphQL subscriptions, over graphql-transport-ws at the same path. An expired token ends the stream.

    The object fields send the object first, then again after each change of it or of what its fields show.
    """

    @strawberry.subscription(
        description="A setup session: open, then complete, expired, or with the failure of an attempt."
    )
    async def setup_session(self, info: Info, id: Id) -> AsyncIterator[SetupSession | None]:
        async with aclosing(_states(info, "setup_session", id)) as states:
            async for state in states:
                yield state

    @strawberry.subscription(description="A subscription.")
    async def subscription(self, info: Info, id: Id) -> AsyncIterator[Subscription | None]:
        async with aclosing(_states(info, "subscription", id)) as states:
            async for state in states:
                yield state

    @strawberry.subscription(description="A customer.")
    async def customer(self, info: Info, id: Id) -> AsyncIterator[Customer | None]:
        async with aclosing(_states(info, "customer", id)) as states:
            async for state in states:
                yield state

    @strawberry.subscription(
        description="Every change of one customer, or, for an API key, of all; `after` resumes without loss or "
        "repetition. CURSOR_EXPIRED where the journal no longer reaches back so far."
    )
    async def changes(
        self, info: Info, customer_id: CustomerId = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> AsyncIterator[Change | None]:
        runtime = info.context.runtime
        scope, begin = await _scope(info, customer_id or None), convert_number(after or None)
        try:
            async with aclosing(follow(runtime.database, runtime.tail, scope, begin)) as following:
                async for each in following:
                    yield reference(each, "change")
        except CursorExpired as error:
            raise expired() from error


async def _scope(info: Info, customer_id: str | None) -> Scope:
    """Raises NOT_FOUND for a customer whom the caller does not see."""
    caller = authorize(info.context)
    if customer_id is None:
        return Scope(owner_id=caller.customer_id)
    row_id = parse("customer", customer_id)
    return Scope(await _owner(info.context, caller, "customer", row_id), caller.customer_id)


async def _states(info: Info, noun: str, global_id: str) -> AsyncGenerator[Any]:
    """Each state of the object, as selected, that differs from the one before. Raises NOT_FOUND."""
    context, row_id = info.context, parse(noun, global_id)
    customer_id = await _owner(context, authorize(context), noun, row_id)

    def concerns(news: News) -> bool:
        # What belongs to no customer, as a price, may be shown by anything.
        return news.customer_id in (None, customer_id)

    known: Any = None
    async with context.runtime.tail.watching(concerns) as watcher:
        while True:
            # Read as any field of a query is; however much has changed meanwhile, it is told once.
            state = await read(info._raw_info, reference(row_id, noun))  # noqa: SLF001 - with the client's selection
            if state != known:
                known = state
                yield state
            await watcher.take()


async def _owner(context: Context, caller: Caller, noun: str, row_id: UUID | None) -> UUID:
    """Whose it is. Raises NOT_FOUND for what the caller does not see."""
    async with context.runtime.database.read() as session:
        try:
            found: Any = await FINDERS[noun](session, caller, row_id)
        except NotFound as error:
            raise fault(NOT_FOUND, f"There is no such {noun.replace('_', ' ')}.") from error
    owner: UUID = found.id if noun == "customer" else found.customer_id
    return owner
