"""One snapshot for all reads of a query, where it takes more than one statement."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from billing.compiled import Compiled, Values
from billing.reader import Reader, Snapshot


class OneSnapshot(SchemaExtension):
    """Gives a query's context a snapshot. Mutations see what they have just written, live fields each state anew."""

    async def on_execute(self) -> AsyncIterator[None]:
        """Around the resolvers."""
        context = self.execution_context
        if context.operation_type is not OperationType.QUERY:
            yield
            return
        async with AsyncExitStack() as stack:
            snapshot = _WhenNeeded(context.context.runtime.database.reader, stack)
            context.context = replace(context.context, snapshot=snapshot)
            yield


class _WhenNeeded:
    """A snapshot that is opened by its first statement."""

    def __init__(self, reader: Reader, stack: AsyncExitStack) -> None:
        self._reader, self._stack = reader, stack
        self._opened: Snapshot | None = None
        self._opening = asyncio.Lock()

    async def fetch(self, compiled: Compiled, values: Values) -> Any:
        """The first row. Raises TookTooLong."""
        async with self._opening:
            if self._opened is None:
                self._opened = await self._stack.enter_async_context(self._reader.snapshot())
        return await self._opened.fetch(compiled, values)
