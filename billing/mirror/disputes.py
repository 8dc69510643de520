"""The row of a dispute: a payment that the customer's bank, or Amazon, has called into question."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.fields import moment, nested
from billing.mirror.news import News
from billing.mirror.rows import find_row, new_row, save
from billing.tables import Customer, Dispute


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Dispute | None:
    """None where it is about a charge without a payment of one of Assent's customers."""
    payment = news.data.get("payment_intent")
    if owner is None or payment is None:
        return None
    row = await find_row(session, Dispute, news.id) or new_row(Dispute, news.id, news.created_at)
    row.customer_id = owner.id
    return await save(
        session,
        row,
        payment_stripe_id=payment,
        amount=news.data["amount"],
        currency=news.data["currency"].upper(),
        status=news.data["status"],
        reason=news.data["reason"],
        evidence_due_at=moment(nested(news.data, "evidence_details", "due_by")),
        evidence_submitted_at=_submitted_at(news, row),
    )


def _submitted_at(news: News, row: Dispute) -> datetime | None:
    """Stripe counts the submissions and does not tell when they were: it is when we first saw one."""
    if not nested(news.data, "evidence_details", "submission_count"):
        return None
    return row.evidence_submitted_at or news.at
