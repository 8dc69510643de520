"""The row of a mandate: the permission at the bank or at Amazon."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.news import News
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, Mandate


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Mandate:
    """It names no customer, only a payment method, which may be unknown yet; Stripe tells no time of its making."""
    row = await find_row(session, Mandate, news.id) or new_row(Mandate, news.id, now)
    return await save(session, row, payment_method_stripe_id=news.data["payment_method"], status=news.data["status"])
