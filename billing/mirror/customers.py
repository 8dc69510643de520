"""The row of a customer: half ours (externalId), half Stripe's."""

from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.fields import merchants_metadata, nested
from billing.mirror.news import News
from billing.mirror.origins import find_maker
from billing.mirror.rows import new_row, save
from billing.tables import Customer


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Customer | None:
    """None for a customer whom Assent did not create or adopt: they have no externalId."""
    row = owner or await _new(session, news)
    if row is None:
        return None
    return await save(
        session,
        row,
        email=news.data.get("email"),
        name=news.data.get("name"),
        stripe_metadata=merchants_metadata(news.data),
        default_payment_method_stripe_id=nested(news.data, "invoice_settings", "default_payment_method"),
    )


async def _new(session: AsyncSession, news: News) -> Customer | None:
    maker = await find_maker(session, news, None, "createCustomer", Customer)
    if maker is None:
        return None
    external_id = maker.intent["external_id"]
    taken = select(Customer.id).where(Customer.external_id == external_id)
    if (await session.exec(taken)).first() is not None:
        return None
    row = new_row(Customer, news.id, news.created_at, maker)
    row.external_id = external_id
    return row
