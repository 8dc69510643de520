"""Where Stripe lists the objects of each type that is mirrored, and which of ours have to be in such a list."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from billing.mirror.kinds import KINDS
from billing.stripe_gateway import JSONObject
from billing.tables import Customer, PaymentMethod, Row, SetupSession, Sighting, StripeObject

CUSTOMER, METHOD = "customer", "payment_method"

# What each list is asked for; none where Stripe has no list. Saved methods are listed customer by customer.
LISTS: Mapping[str, Sequence[JSONObject]] = {
    "customer": ({},),
    "product": ({},),
    # Without `active` only those that are (https://docs.stripe.com/api/prices/list).
    "price": ({"active": True}, {"active": False}),
    "payment_method": ({},),
    # The mandates behind them come along, which can only be read one by one.
    "setup_intent": ({"expand": ["data.mandate"]},),
    "mandate": (),
    "checkout.session": ({"status": "open"},),
    "subscription": ({"status": "all"},),
    "invoice": ({},),
    "payment_intent": ({},),
    "invoice_payment": ({},),
    "dispute": ({},),
    "refund": ({},),
}


def path(kind: str, customer: str | None) -> str:
    """The address of the list; of a customer's own where there is one."""
    return KINDS[kind].path if customer is None else f"{KINDS[CUSTOMER].path}/{customer}/payment_methods"


def customers_after(stripe_id: str | None, limit: int) -> SelectOfScalar[str]:
    """The next of our customers, in the order in which their methods are walked."""
    statement = select(Customer.stripe_id).where(col(Customer.deleted_at).is_(None))
    if stripe_id is not None:
        statement = statement.where(col(Customer.stripe_id) > stripe_id)
    return statement.order_by(col(Customer.stripe_id)).limit(limit)


def unseen(walk: str, kind: str, after: str | None, since: datetime | None, limit: int) -> SelectOfScalar[str]:
    """Objects of ours that the walk has not met in Stripe's lists, though they should have been there."""
    table: type[Row] = KINDS[kind].table
    stripe_id = col(table.stripe_id)  # type: ignore[attr-defined]
    seen = select(Sighting.stripe_id).where(Sighting.walk == walk, Sighting.stripe_id == stripe_id)
    statement = select(stripe_id).join(StripeObject, col(StripeObject.stripe_id) == stripe_id)
    statement = statement.where(col(StripeObject.deleted_at).is_(None), ~seen.exists())
    if table is PaymentMethod:
        statement = statement.where(col(PaymentMethod.detached_at).is_(None))
    if table is SetupSession:
        statement = statement.where(SetupSession.status == "open")
    if after is not None:
        statement = statement.where(stripe_id > after)
    if since is not None:
        statement = statement.where(col(table.created_at) >= since)
    return statement.order_by(stripe_id).limit(limit)
