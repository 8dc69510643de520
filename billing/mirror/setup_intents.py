"""The row of a setup intent: the attempt to save a method."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.fields import nested
from billing.mirror.news import News
from billing.mirror.origins import find_origin
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, SetupIntent


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> SetupIntent | None:
    """None where it has no customer."""
    if owner is None:
        return None
    data = news.data
    row = await find_row(session, SetupIntent, news.id) or await _new(session, news, owner)
    return await save(
        session,
        row,
        payment_method_stripe_id=data.get("payment_method"),
        mandate_stripe_id=data.get("mandate"),
        status=data["status"],
        failure_code=nested(data, "last_setup_error", "code"),
        failure_message=nested(data, "last_setup_error", "message"),
    )


async def _new(session: AsyncSession, news: News, owner: Customer) -> SetupIntent:
    """Its consent is that of the setup session which it stands behind."""
    row = new_row(SetupIntent, news.id, news.created_at)
    origin = await find_origin(session, news, owner, "createSetupSession")
    row.customer_id, row.consent_id = owner.id, origin.consent_id if origin else None
    return row
