"""The row of a refund."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.news import News
from billing.mirror.origins import find_maker
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, Refund


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Refund | None:
    """None where nobody knows whose payment it gives back."""
    if owner is None:
        return None
    row = await find_row(session, Refund, news.id) or await _new(session, news, owner)
    return await save(
        session,
        row,
        payment_stripe_id=news.data["payment_intent"],
        amount=news.data["amount"],
        currency=news.data["currency"].upper(),
        status=news.data["status"],
        reason=news.data.get("reason"),
        failure_reason=news.data.get("failure_reason"),
    )


async def _new(session: AsyncSession, news: News, owner: Customer) -> Refund:
    maker = await find_maker(session, news, owner, "refundPayment", Refund)
    row = new_row(Refund, news.id, news.created_at, maker)
    row.customer_id = owner.id
    return row
