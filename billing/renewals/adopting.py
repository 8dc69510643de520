"""Putting a subscription that was made elsewhere under a consent: from then on it is held to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations, payment_methods
from billing.anchors import anchor
from billing.callers import Caller
from billing.consents import coverage
from billing.consents.carrying import known_to_be_needed_by
from billing.consents.locking import hold_customer
from billing.errors import Conflict, InvalidTransition
from billing.operations import Finish, Next, Outcome, Procedure, Send, answered, unkeyed
from billing.renewals.invoices import consider_draft
from billing.renewals.judging import DRAFT, judge_subscription
from billing.renewals.subscriptions import stop
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.subscriptions.changing import lease
from billing.subscriptions.reading import get
from billing.tables import ENDED, Consent, ConsentUsage, Customer, Invoice, Operation, PaymentMethod, Subscription


async def adopt(runtime: Runtime, caller: Caller, subscription_id: UUID | None, *, consent_id: UUID | None) -> UUID:
    """Makes it a managed one. One that rests on this consent already is a success that calls nothing.

    It keeps the method that it was charged to, as its own. Raises NotFound, InvalidTransition (it has ended, is managed
    under another consent, or has no method), ConsentRequired, ConsentScopeExceeded, PaymentMethodUnusable, Conflict,
    StripeRejected, StripeUnavailable.
    """
    async with runtime.database.read() as session:
        subscription = await get(session, caller, subscription_id)
    intent = {"subscription_id": str(subscription.id), "consent_id": str(consent_id)}
    await operations.run(runtime, ADOPT, unkeyed("adoptSubscription", caller, intent, subscription.customer_id))
    return subscription.id


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription, consent_id = await lease(session, operation), UUID(operation.intent["consent_id"])
    if subscription.managed and subscription.consent_id == consent_id:
        return Finish()
    if reason := _why_not(subscription):
        raise InvalidTransition(reason, "subscription", subscription.id)
    needed = await known_to_be_needed_by(session, subscription)
    if needed is None:
        raise Conflict("What this subscription is for is not known yet; try again in a moment.")
    consent = await coverage.require(
        session,
        customer_id=subscription.customer_id,
        needed=needed,
        consent_id=consent_id,
        subscription_id=subscription.id,
        operation_id=operation.id,
        now=now,
    )
    operation.consent_id = consent.id
    params: dict[str, Any] = {"metadata": {"assent_id": str(subscription.id), **await anchor(session, consent)}}
    if method := await _method(session, subscription, now):
        params["default_payment_method"] = method.stripe_id
    return Send("adopt", Request("post", f"/v1/subscriptions/{subscription.stripe_id}", params))


def _why_not(subscription: Subscription) -> str | None:
    if subscription.status in ENDED:
        return "This subscription has ended."
    if subscription.managed:
        return "This subscription rests on a consent already; record a newer one that names it instead."
    return None


async def _method(session: AsyncSession, subscription: Subscription, now: datetime) -> PaymentMethod | None:
    """What it is charged to, its own method or the customer's default one. None only in a trial, which needs none."""
    customer = await session.get_one(Customer, subscription.customer_id)
    charged = subscription.payment_method_stripe_id or customer.default_payment_method_stripe_id
    statement = select(PaymentMethod).where(
        PaymentMethod.stripe_id == charged, PaymentMethod.customer_id == subscription.customer_id
    )
    method = (await session.exec(statement)).first()
    if method is not None:
        await payment_methods.require_usable(session, method, now)
        await payment_methods.require_saved_for(session, method, ConsentUsage.RECURRING)
    elif subscription.status != "trialing":
        message = "This subscription has no payment method; save one, and set it as the customer's default first."
        raise InvalidTransition(message, "subscription", subscription.id)
    return method


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer = answered(outcome)
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answer, now=now)
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    consent = await session.get_one(Consent, operation.consent_id, populate_existing=True)
    consent = await coverage.standing_for(session, consent)
    subscription.managed, subscription.consent_id = True, consent.id
    session.add(subscription)
    await session.flush()
    await _hold_to_consent(session, subscription, cause=operation.id, now=now)
    return Finish()


async def _hold_to_consent(session: AsyncSession, subscription: Subscription, *, cause: UUID, now: datetime) -> None:
    """What was finalized before is nobody's business here; drafts are, and the consent may have ended meanwhile."""
    billed = col(Invoice.subscription_stripe_id) == subscription.stripe_id
    earlier = update(Invoice).where(billed, col(Invoice.status) != DRAFT).values(judged_as=Invoice.status)
    await session.exec(earlier.execution_options(synchronize_session=False))
    if await judge_subscription(session, subscription, now):
        calls = await stop(session, subscription, cause=cause, now=now)
    else:
        drafts = (await session.exec(select(Invoice).where(billed, Invoice.status == DRAFT))).all()
        calls = [call for each in drafts for call in await consider_draft(session, subscription, each, now)]
    for call in calls:
        await operations.order(session, call, now)


ADOPT = Procedure("adoptSubscription", _begin, {"adopt": _record})
