"""The row of a product, made by Assent or at Stripe itself."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.news import News
from billing.mirror.origins import find_maker
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, Product


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Product:
    """Every product of the account has a row."""
    row = await find_row(session, Product, news.id)
    if row is None:
        maker = await find_maker(session, news, None, "createProduct", Product)
        row = new_row(Product, news.id, news.created_at, maker)
    return await save(
        session,
        row,
        name=news.data["name"],
        description=news.data.get("description"),
        active=news.data["active"],
    )
