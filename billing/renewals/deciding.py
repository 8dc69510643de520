"""Deciding, whenever something of a managed subscription was learned, what has to stop and what may go on.

Everything is decided under the customer's lock, and what follows is ordered in the same transaction; the caller
carries it out after the commit.
"""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from billing import operations
from billing.consents.locking import hold_customer
from billing.mirror.fields import nested
from billing.operations import Call
from billing.renewals.invoices import consider_invoice
from billing.renewals.subscriptions import consider_subscription
from billing.stripe_gateway import JSONObject
from billing.tables import (
    Invoice,
    Mandate,
    Subscription,
)


async def concerned(session: AsyncSession, data: JSONObject) -> list[Subscription]:
    """The managed subscriptions that news of this object are about, with their customer's lock held.

    Call it before the mirror learns: its locks come after this one, everywhere.
    """
    statement = _of(data)
    if statement is None:
        return []
    found = (await session.exec(statement.where(col(Subscription.managed)))).all()
    for customer_id in sorted({each.customer_id for each in found}):
        await hold_customer(session, customer_id)
    return list(found)


async def is_managed(session: AsyncSession, data: JSONObject) -> bool:
    """Whether this object's subscription is one that Assent holds to a consent."""
    statement = _of(data)
    return (
        statement is not None and (await session.exec(statement.where(col(Subscription.managed)))).first() is not None
    )


def _of(data: JSONObject) -> SelectOfScalar[Subscription] | None:
    """Whose statement finds them; None for objects that decide nothing."""
    every = select(Subscription)
    match data.get("object"):
        case "invoice":
            named = nested(data, "parent", "subscription_details", "subscription")
            return every.where(Subscription.stripe_id == named) if named else None
        case "subscription":
            return every.where(Subscription.stripe_id == data["id"])
        case "invoice_payment":
            billed = select(Invoice.subscription_stripe_id).where(Invoice.stripe_id == data.get("invoice"))
            return every.where(col(Subscription.stripe_id).in_(billed))
        case "payment_method":
            return every.where(Subscription.payment_method_stripe_id == data["id"])
        case "mandate":
            meant = select(Mandate.payment_method_stripe_id).where(Mandate.stripe_id == data["id"])
            return every.where(col(Subscription.payment_method_stripe_id).in_(meant))
    return None


async def consider(
    session: AsyncSession, subscriptions: list[Subscription], data: JSONObject, now: datetime
) -> list[Call]:
    """Decides what the news of this object mean for them, and orders it: the calls to carry out."""
    calls: list[Call] = []
    for each in subscriptions:
        await session.refresh(each)
        if data["object"] in ("invoice", "invoice_payment"):
            stripe_id = data["id"] if data["object"] == "invoice" else data["invoice"]
            calls += await consider_invoice(session, each, stripe_id, now)
        else:
            calls += await consider_subscription(session, each, now)
    for call in calls:
        await operations.order(session, call, now)
    return calls
