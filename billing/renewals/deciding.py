"""Deciding, whenever something of a managed subscription was learned, what has to stop and what may go on.

Everything is decided under the customer's lock, and what follows is ordered in the same transaction; the caller
carries it out after the commit.
"""

from datetime import datetime

from sqlalchemy import ColumnElement
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
    InvoicePayment,
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
    match data.get("object"):
        case "invoice":
            which = col(Subscription.stripe_id) == nested(data, "parent", "subscription_details", "subscription")
        case "subscription":
            which = col(Subscription.stripe_id) == data["id"]
        case "invoice_payment":
            which = _billed(select(Invoice.stripe_id).where(Invoice.stripe_id == data.get("invoice")))
        case "payment_intent":
            which = _billed(_paid_by(data["id"]))
        case "refund":
            which = _billed(_paid_by(data.get("payment_intent")))
        case "payment_method":
            which = col(Subscription.payment_method_stripe_id) == data["id"]
        case "mandate":
            meant = select(Mandate.payment_method_stripe_id).where(Mandate.stripe_id == data["id"])
            which = col(Subscription.payment_method_stripe_id).in_(meant)
        case _:
            return None
    return select(Subscription).where(which)


def _billed(invoices: SelectOfScalar[str]) -> ColumnElement[bool]:
    of = select(Invoice.subscription_stripe_id).where(col(Invoice.stripe_id).in_(invoices))
    return col(Subscription.stripe_id).in_(of)


async def consider(
    session: AsyncSession, subscriptions: list[Subscription], data: JSONObject, now: datetime, *, refund: bool
) -> list[Call]:
    """Decides what the news of this object mean for them, and orders it: the calls to carry out.

    With `refund`, what was charged without a consent is given back.
    """
    calls: list[Call] = []
    for each in subscriptions:
        await session.refresh(each)
        if data["object"] in ("invoice", "invoice_payment", "payment_intent"):
            for stripe_id in await _invoices(session, data):
                calls += await consider_invoice(session, each, stripe_id, now, refund=refund)
        else:
            calls += await consider_subscription(session, each, now)
    for call in calls:
        await operations.order(session, call, now)
    return calls


def _paid_by(payment_stripe_id: str | None) -> SelectOfScalar[str]:
    return select(InvoicePayment.invoice_stripe_id).where(InvoicePayment.payment_intent_stripe_id == payment_stripe_id)


async def _invoices(session: AsyncSession, data: JSONObject) -> list[str]:
    """The invoices that the news are about."""
    match data["object"]:
        case "invoice":
            return [data["id"]]
        case "invoice_payment":
            return [data["invoice"]]
    return list((await session.exec(_paid_by(data["id"]))).all())
