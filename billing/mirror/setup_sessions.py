"""The row of a setup session: a Checkout Session in setup mode that Assent created."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.fields import instant
from billing.mirror.news import News
from billing.mirror.origins import find_maker
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, SetupSession


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> SetupSession | None:
    """None for any other Checkout Session."""
    data = news.data
    row = await find_row(session, SetupSession, news.id) or await _new(session, news, owner)
    if row is None:
        return None
    return await save(
        session,
        row,
        setup_intent_stripe_id=data.get("setup_intent"),
        status=data["status"],
        url=data.get("url"),
        offered_types=data["payment_method_types"],
        expires_at=instant(data["expires_at"]),
    )


async def _new(session: AsyncSession, news: News, owner: Customer | None) -> SetupSession | None:
    if news.data["mode"] != "setup" or owner is None:
        return None
    maker = await find_maker(session, news, owner, "createSetupSession", SetupSession)
    if maker is None or maker.consent_id is None:
        return None
    row = new_row(SetupSession, news.id, news.created_at, maker)
    row.customer_id, row.consent_id = owner.id, maker.consent_id
    subscription_id = maker.intent.get("subscription_id")
    row.subscription_id = UUID(subscription_id) if subscription_id else None
    return row
