"""What all changes of a subscription that is there share: it is leased, looked at as it is now, and has its consent."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import coverage, is_active, scope_of
from billing.consents.carrying import known_to_be_needed_by, needed_by
from billing.consents.locking import hold_customer
from billing.errors import ConsentRequired, ConsentScopeExceeded, Scope
from billing.tables import Consent, ConsentUsage, Operation, Subscription

# Stripe's words for what becomes of the invoices while nothing is collected. A pause by the merchant voids them; where
# no consent covers them they are kept, unpaid, until one does. By these words the two are told from each other, and
# neither undoes the other.
VOID, KEEP = "void", "keep_as_draft"


async def lease(session: AsyncSession, operation: Operation) -> Subscription:
    """The subscription that the operation changes, and nobody else until it is over.

    Its customer is held first: whoever is recording something of it is then done, and what is read here is what is so.
    """
    await hold_customer(session, operation.customer_id)
    subscription_id = UUID(operation.intent["subscription_id"])
    subscription = await session.get_one(Subscription, subscription_id, populate_existing=True)
    operation.node_id, operation.subject = subscription.id, subscription.stripe_id
    return subscription


def is_paused(subscription: Subscription) -> bool:
    """Whether the merchant has paused its collection."""
    return subscription.pause_behavior == VOID


async def require_consent(
    session: AsyncSession, subscription: Subscription, now: datetime, *, amount: int | None = None
) -> Consent:
    """The consent that it rests on, which has to cover what it is: the change leads to charges again.

    `amount` is what Stripe says of a full period; until that is known, the prices decide. Of a month's maximum only
    the single payment is; the rest is when it is charged. Raises ConsentRequired
    (an unmanaged one has none before it is adopted) and ConsentScopeExceeded.
    """
    needed = await needed_by(session, subscription) or Scope(ConsentUsage.RECURRING)
    if subscription.consent_id is None:
        raise ConsentRequired("This subscription rests on no consent; adopt it with one first.", needed)
    consent = await session.get_one(Consent, subscription.consent_id, populate_existing=True)
    if not is_active(consent, now):
        raise ConsentRequired("The consent of this subscription has ended; ask the customer for a new one.", needed)
    certain = await known_to_be_needed_by(session, subscription) or needed
    if amount is not None:
        needed = certain = replace(needed, maximum_amount=amount)
    if not coverage.covers(await scope_of(session, consent), certain):
        message = "The consent does not go as far as this subscription does; ask the customer for one that does."
        raise ConsentScopeExceeded(message, consent.id, needed)
    return consent
