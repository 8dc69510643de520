"""The row of a subscription, and those of its items."""

from datetime import datetime

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror import payments
from billing.mirror.fields import instant, merchants_metadata, moment, nested
from billing.mirror.news import News
from billing.mirror.origins import find_agreed, find_maker
from billing.mirror.rows import find_row, new_row, save
from billing.stripe_gateway import JSONObject
from billing.tables import Customer, Subscription, SubscriptionItem


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Subscription | None:
    """Managed where a createSubscription of ours made it; any other of our customers' is mirrored only."""
    if owner is None:
        return None
    row = await find_row(session, Subscription, news.id) or await _new(session, news, owner)
    row = await save(session, row, **_columns(news, row))
    await _save_items(session, row, news.data)
    await payments.attribute(session, subscription=news.id)
    return row


async def _new(session: AsyncSession, news: News, owner: Customer) -> Subscription:
    maker = await find_maker(session, news, owner, "createSubscription", Subscription)
    row = new_row(Subscription, news.id, news.created_at, maker)
    agreed = None if maker else await find_agreed(session, news, owner)
    row.customer_id = owner.id
    row.consent_id = maker.consent_id if maker else agreed.id if agreed else None
    row.managed = row.consent_id is not None
    return row


def _columns(news: News, row: Subscription) -> dict[str, object]:
    data = news.data
    # Periods are the items' own (STRIPE.md 4.4); the one that ends first is what happens next.
    first: JSONObject = min(data["items"]["data"], key=lambda item: item["current_period_end"], default={})
    return {
        "payment_method_stripe_id": data.get("default_payment_method"),
        "latest_invoice_stripe_id": data.get("latest_invoice"),
        "status": data["status"],
        "current_period_start": moment(first.get("current_period_start")),
        "current_period_end": moment(first.get("current_period_end")),
        "trial_end": moment(data.get("trial_end")),
        "cancel_at_period_end": data["cancel_at_period_end"],
        "cancel_at": moment(data.get("cancel_at")),
        "canceled_at": moment(data.get("canceled_at")),
        "ended_at": moment(data.get("ended_at")),
        "stripe_metadata": merchants_metadata(data),
        **_pause(news, row),
    }


def _pause(news: News, row: Subscription) -> dict[str, object]:
    """Standing still is a status with a time of its own; a pause of collection alone has none, so ours is kept."""
    collection = news.data.get("pause_collection")
    if news.data["status"] == "paused":
        since = moment(nested(news.data, "status_details", "paused", "transitioned_at"))
        return {
            "paused_at": since or row.paused_at or news.at,
            "pause_resumes_at": None,
            "pause_collection_only": False,
            "pause_behavior": None,
        }
    if collection is None:
        gone = ("paused_at", "pause_resumes_at", "pause_collection_only", "pause_behavior")
        return dict.fromkeys(gone)
    since = row.paused_at if row.pause_collection_only else None
    resumes = moment(collection.get("resumes_at"))
    return {
        "paused_at": since or news.at,
        "pause_resumes_at": resumes,
        "pause_collection_only": True,
        "pause_behavior": collection["behavior"],
    }


async def _save_items(session: AsyncSession, subscription: Subscription, data: JSONObject) -> None:
    items = data["items"]["data"]
    gone = delete(SubscriptionItem).where(col(SubscriptionItem.subscription_id) == subscription.id)
    await session.exec(gone.where(col(SubscriptionItem.stripe_id).not_in([item["id"] for item in items])))
    for item in items:
        row = await find_row(session, SubscriptionItem, item["id"])
        row = row or new_row(SubscriptionItem, item["id"], instant(item["created"]))
        await save(
            session,
            row,
            subscription_id=subscription.id,
            price_stripe_id=item["price"],
            # A metered price is counted elsewhere and has none.
            quantity=1 if item.get("quantity") is None else item["quantity"],
            current_period_start=instant(item["current_period_start"]),
            current_period_end=instant(item["current_period_end"]),
        )
