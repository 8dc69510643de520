"""Following the journal from a cursor on: nothing is left out, and nothing comes twice."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from billing.database import Database
from billing.journal.tail import News, Tail
from billing.tables import Change, JournalHead

PAGE = 200


class CursorExpired(Exception):
    """The journal was pruned beyond it, or, as after a restored backup, has not come to it yet."""


@dataclass(frozen=True)
class Scope:
    """Whose changes: of one customer, or all; with `owner_id` only those of which that customer may see something."""

    customer_id: UUID | None = None
    owner_id: UUID | None = None

    def has(self, news: News) -> bool:
        """Whether a row is one of them."""
        return self.customer_id in (None, news.customer_id) and self.owner_id in (None, news.owner_id)


async def follow(database: Database, tail: Tail, scope: Scope, after: int | None) -> AsyncGenerator[UUID]:
    """The ids of the changes behind `after`, or from now on, in their order, without end. Raises CursorExpired."""
    async with tail.watching(scope.has) as watcher:
        place = await _head(database) if after is None else after
        while True:
            while True:
                page, head = await _page(database, scope, place)
                for each in page:
                    yield each.id
                    place = each.position
                if len(page) < PAGE:
                    break
            # All of that snapshot was seen, though perhaps nothing of it was wanted.
            place = max(place, head)
            while (news := await watcher.take()) is not None:
                for each in news:
                    if each.position > place:
                        yield each.id
                        place = each.position


async def _head(database: Database) -> int:
    async with database.read() as session:
        return (await session.exec(select(JournalHead.position))).one()


async def _page(database: Database, scope: Scope, place: int) -> tuple[list[News], int]:
    """The next that are stored, and how far the journal has come. Raises CursorExpired."""
    statement = (
        select(Change.position, Change.id, Change.customer_id, Change.owner_id)
        .where(Change.position > place)
        .order_by(col(Change.position))
        .limit(PAGE)
    )
    if scope.customer_id is not None:
        statement = statement.where(Change.customer_id == scope.customer_id)
    if scope.owner_id is not None:
        statement = statement.where(Change.owner_id == scope.owner_id)
    async with database.read() as session:
        head, pruned_to = (await session.exec(select(JournalHead.position, JournalHead.pruned_to))).one()
        if not pruned_to <= place <= head:
            raise CursorExpired
        return [News(*row) for row in (await session.exec(statement)).all()], head
