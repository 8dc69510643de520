"""Whose object it is, and what it cannot be without."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.stripe_gateway import JSONObject
from billing.tables import Customer, Payment, Product, StripeObject

# What names the payment that it is about, and no customer.
OF_A_PAYMENT = frozenset({"dispute", "refund"})


class ParentUnknown(Exception):
    """What the object belongs to has no row yet: read it at Stripe (outside of a transaction), record it, try again."""

    def __init__(self, stripe_id: str, type: str) -> None:
        super().__init__(f"{type} {stripe_id} is not known yet")
        self.stripe_id = stripe_id
        self.type = type


class NotOurs(Exception):
    """It belongs to nobody whom Assent knows; nothing was written."""


async def find_owner(session: AsyncSession, data: JSONObject, previous: JSONObject | None) -> Customer | None:
    """The customer of an object that has one, held so that nobody redacts it meanwhile.

    What names no customer but a payment (a refund, a dispute) is that payment's customer's.

    Raises ParentUnknown, and NotOurs where the customer, or the payment, is known to be none of ours.
    """
    if data["object"] == "customer":
        return await _customer(session, data["id"], to_change=True)
    if data["object"] in OF_A_PAYMENT:
        return await _payer(session, data.get("payment_intent"))
    stripe_id = data.get("customer") or (previous or {}).get("customer")
    if stripe_id is None:
        return None
    found = await _customer(session, stripe_id)
    if found is None:
        await _refuse(session, stripe_id, "customer")
    return found


async def _customer(session: AsyncSession, stripe_id: str, *, to_change: bool = False) -> Customer | None:
    statement = select(Customer).where(Customer.stripe_id == stripe_id).with_for_update(read=not to_change)
    return (await session.exec(statement.execution_options(populate_existing=True))).first()


async def _payer(session: AsyncSession, payment: str | None) -> Customer | None:
    """Whose payment it is."""
    if payment is None:
        return None
    paid_by = select(Customer.stripe_id).join(Payment, col(Payment.customer_id) == Customer.id)
    stripe_id = (await session.exec(paid_by.where(Payment.stripe_id == payment))).first()
    if stripe_id is None:
        await _refuse(session, payment, "payment_intent")
        return None
    return await _customer(session, stripe_id)


async def _refuse(session: AsyncSession, stripe_id: str, type: str) -> None:
    known = select(StripeObject.stripe_id).where(StripeObject.stripe_id == stripe_id)
    if (await session.exec(known)).first() is None:
        raise ParentUnknown(stripe_id, type)
    raise NotOurs(f"{type} {stripe_id} is not one of Assent's")


async def get_product(session: AsyncSession, stripe_id: str) -> Product:
    """Raises ParentUnknown."""
    found = (await session.exec(select(Product).where(Product.stripe_id == stripe_id))).first()
    if found is None:
        raise ParentUnknown(stripe_id, "product")
    return found
