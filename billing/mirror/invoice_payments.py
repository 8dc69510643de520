"""The row of an invoice payment: which payment pays which invoice."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror import payments
from billing.mirror.fields import nested
from billing.mirror.news import News
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, InvoicePayment


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> InvoicePayment:
    """It names an invoice and a payment, either of which may be unknown yet."""
    row = await find_row(session, InvoicePayment, news.id) or new_row(InvoicePayment, news.id, news.created_at)
    row = await save(
        session,
        row,
        invoice_stripe_id=news.data["invoice"],
        payment_intent_stripe_id=nested(news.data, "payment", "payment_intent"),
        is_default=news.data["is_default"],
        status=news.data["status"],
    )
    await payments.attribute(session, invoice=row.invoice_stripe_id)
    return row
