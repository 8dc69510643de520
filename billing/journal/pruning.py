"""Forgetting what is older than the journal is kept."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.pages import page_by_page
from billing.runtime import Runtime
from billing.tables import Change, JournalHead

PAGE = 1000


async def prune(runtime: Runtime) -> int:
    """Deletes changes that are older than `journal_retention`, oldest first, page by page; how many there were.

    Where the journal begins from then on is kept, so that a cursor into what is gone is refused and not continued.
    """
    if runtime.journal_retention is None:
        return 0
    before = runtime.clock() - runtime.journal_retention
    return await page_by_page(runtime.database, PAGE, lambda session: _prune_page(session, before))


async def _prune_page(session: AsyncSession, before: datetime) -> int:
    """Positions follow the commits, so the first that is young enough ends the page whatever comes behind it."""
    oldest = select(Change.position, Change.created_at).order_by(col(Change.position)).limit(PAGE)
    gone = []
    for position, at in (await session.exec(oldest)).all():
        if at >= before:
            break
        gone.append(position)
    if gone:
        await session.exec(delete(Change).where(col(Change.position) <= gone[-1]))
        # Last, because all writers wait for it.
        head = update(JournalHead).where(col(JournalHead.pruned_to) < gone[-1])
        await session.exec(head.values(pruned_to=gone[-1]))
    return len(gone)
