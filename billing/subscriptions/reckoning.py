"""What a subscription asks for in each full period, reckoned by Stripe, which knows its discounts and taxes."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents.locking import hold_customer
from billing.errors import ConsentRequired, ConsentScopeExceeded, StripeRejected
from billing.operations import Outcome, Send, Undone, answered
from billing.stripe_gateway import Request
from billing.subscriptions.changes import NOTHING_COMES, PREVIEW
from billing.subscriptions.changing import require_consent
from billing.tables import Operation, Subscription

STEP = "reckon"


def reckon(subscription: Subscription, *, step: str = STEP, **going_on: Any) -> Send:
    """Asks for it; `going_on` is what has to change before anything is billed again."""
    details = {"subscription_details": going_on} if going_on else {}
    params = {"subscription": subscription.stripe_id, "preview_mode": "recurring", **details}
    return Send(step, Request("post", PREVIEW, params))


def reckoned(outcome: Outcome) -> int | None:
    """The amount; None where nothing is billed any more. Raises StripeRejected."""
    if isinstance(outcome, StripeRejected) and outcome.code == NOTHING_COMES:
        return None
    total: int = answered(outcome).data["total"]
    return total


async def refusal(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Undone | None:
    """Why it may not be charged again; None where its consent covers that amount."""
    await hold_customer(session, operation.customer_id)
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    try:
        await require_consent(session, subscription, now, amount=reckoned(outcome) or 0)
    except (ConsentRequired, ConsentScopeExceeded) as error:
        return Undone(error)
    return None
