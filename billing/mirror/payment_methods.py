"""The row of a payment method."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.fields import nested
from billing.mirror.news import News
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, PaymentMethod


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> PaymentMethod | None:
    """None for one that was never seen with a customer.

    Once detached it has no customer at Stripe; our row keeps whose it was.
    """
    row = await find_row(session, PaymentMethod, news.id)
    if row is None and owner is None:
        return None
    if row is None:
        row = new_row(PaymentMethod, news.id, news.created_at)
    if owner is not None:
        row.customer_id = owner.id
    return await save(session, row, **_columns(news, row))


def _columns(news: News, row: PaymentMethod) -> dict[str, object]:
    data = news.data
    return {
        "stripe_type": data["type"],
        "brand": nested(data, "card", "brand"),
        "last4": nested(data, "card", "last4"),
        "exp_month": nested(data, "card", "exp_month"),
        "exp_year": nested(data, "card", "exp_year"),
        "billing_email": nested(data, "billing_details", "email"),
        "billing_name": nested(data, "billing_details", "name"),
        "detached_at": None if data.get("customer") else row.detached_at or news.at,
    }
