"""Forgetting what a client asked for long ago, and with it its idempotency key."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import ASSENT
from billing.pages import page_by_page
from billing.runtime import Runtime
from billing.tables import Consent, Operation, OperationStatus

# How long a client's key means the same call, counted from when that was over.
KEPT = timedelta(days=30)

OVER = (OperationStatus.SUCCEEDED, OperationStatus.FAILED, OperationStatus.RELEASED)
PAGE = 1000


async def prune(runtime: Runtime) -> int:
    """Deletes the operations of clients that have been over for 30 days, page by page; how many there were.

    Kept are those without an end; the one that has used up a consent, which a canceled payment gives back; and
    Assent's own, whose keys are states of Stripe's objects: what was stopped or refunded once is not to be again.
    """
    before = runtime.clock() - KEPT
    return await page_by_page(runtime.database, PAGE, lambda session: _prune_page(session, before))


async def _prune_page(session: AsyncSession, before: datetime) -> int:
    uses_up = exists().where(col(Consent.used_by_id) == Operation.id)
    # By the index: an operation is due, or was, no later than it is over.
    old = select(Operation.id).where(
        col(Operation.status).in_(OVER),
        col(Operation.due_at) < before,
        col(Operation.updated_at) < before,
        Operation.actor != ASSENT,
        ~uses_up,
    )
    gone = (await session.exec(old.limit(PAGE).with_for_update(skip_locked=True))).all()
    await session.exec(delete(Operation).where(col(Operation.id).in_(gone)))
    return len(gone)
