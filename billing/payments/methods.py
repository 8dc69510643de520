"""With what an invoice of a subscription is paid."""

from datetime import datetime
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.subscriptions import pricing
from billing.tables import Customer, PaymentMethod, Subscription


async def get_method(
    session: AsyncSession, subscription: Subscription, named: str | None, now: datetime
) -> PaymentMethod:
    """The named method, else the subscription's own, else the customer's default; usable, and saved for such payments.

    Raises NotFound, InvalidInput (there is none), PaymentMethodUnusable.
    """
    customer = await session.get_one(Customer, subscription.customer_id)
    own = select(PaymentMethod.id).where(PaymentMethod.stripe_id == subscription.payment_method_stripe_id)
    method_id = UUID(named) if named else (await session.exec(own)).first()
    method = await pricing.get_method(session, customer, method_id, now)
    if method is None:
        raise TypeError("a method that is required was not found")
    return method
