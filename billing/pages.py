"""Long work in transactions that are short."""

from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.database import Database


async def page_by_page(database: Database, size: int, do: Callable[[AsyncSession], Awaitable[int]]) -> int:
    """Does a page in a transaction of its own until one is not full; how much there was in all."""
    found = 0
    while True:
        async with database.transaction() as session:
            done = await do(session)
        found += done
        if done < size:
            return found
