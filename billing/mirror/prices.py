"""The row of a price, made by Assent or at Stripe itself."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.fields import nested
from billing.mirror.news import News
from billing.mirror.origins import find_maker
from billing.mirror.owners import get_product
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, Price


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Price:
    """Every price of the account has a row. Raises ParentUnknown for its product."""
    data = news.data
    product = await get_product(session, data["product"])
    row = await find_row(session, Price, news.id) or await _new(session, news)
    return await save(
        session,
        row,
        product_id=product.id,
        lookup_key=data.get("lookup_key"),
        currency=data["currency"].upper(),
        unit_amount=data.get("unit_amount"),
        interval_unit=nested(data, "recurring", "interval"),
        interval_count=nested(data, "recurring", "interval_count"),
        trial_days=nested(data, "recurring", "trial_period_days"),
        active=data["active"],
    )


async def _new(session: AsyncSession, news: News) -> Price:
    """Only a new row asks whether customers may subscribe by themselves; afterwards that is Assent's to say."""
    maker = await find_maker(session, news, None, "createPrice", Price)
    row = new_row(Price, news.id, news.created_at, maker)
    kept_at_stripe = nested(news.data, "metadata", "assent_self_service") == "true"
    row.self_service = bool(maker.intent["self_service"]) if maker else kept_at_stripe
    return row
