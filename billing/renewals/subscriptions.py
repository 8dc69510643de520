"""Managed subscriptions: stopped where their consent no longer carries them, and let go on where one does."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.operations import Call
from billing.renewals import holds
from billing.renewals.holding import hold_call
from billing.renewals.holds import Reason
from billing.renewals.invoices import consider_draft, is_being_changed, leave_uncollected, state_of
from billing.renewals.judging import DRAFT, OPEN, judge_subscription
from billing.renewals.refunding import is_given_back
from billing.renewals.releasing import release_calls
from billing.renewals.stopping import is_stopped_at_stripe, resume_call, stop_call
from billing.tables import ENDED, Hold, Invoice, Subscription


async def consider_subscription(session: AsyncSession, subscription: Subscription, now: datetime) -> list[Call]:
    """Stops it where its consent no longer carries it, and lets it go on where it does again."""
    if subscription.status in ENDED:
        await _forget(session, subscription, now)
        return []
    if await is_being_changed(session, subscription, now):
        return []
    uncollected = await _leave_uncollected(session, subscription, now)
    finding = await judge_subscription(session, subscription, now)
    if finding is not None:
        await holds.put(session, subscription, None, finding, now)
        return await _stop_calls(session, subscription) + uncollected
    return uncollected + await _go_on_calls(session, subscription, now)


async def _go_on_calls(session: AsyncSession, subscription: Subscription, now: datetime) -> list[Call]:
    await _settle(session, subscription, now)
    if stopped := await holds.of_subscription(session, subscription):
        return [resume_call(subscription, key=f"{stopped.id}:{stopped.created_at.timestamp()}")]
    newest = next(iter(await holds.held_invoices(session, subscription)), None)
    if newest is not None and newest[0].reason == Reason.PAYMENT_METHOD_UNUSABLE:
        return await release_calls(session, subscription, now)
    return []


async def _leave_uncollected(session: AsyncSession, subscription: Subscription, now: datetime) -> list[Call]:
    """Of what is open, and was covered when it was billed, what is covered no longer."""
    invoices = await _invoices(session, subscription, OPEN)
    return [call for each in invoices for call in await leave_uncollected(session, subscription, each, now)]


async def _invoices(session: AsyncSession, subscription: Subscription, *statuses: str) -> Sequence[Invoice]:
    statement = select(Invoice).where(
        Invoice.subscription_stripe_id == subscription.stripe_id, col(Invoice.status).in_(statuses)
    )
    return (await session.exec(statement.order_by(col(Invoice.created_at), col(Invoice.id)))).all()


async def _settle(session: AsyncSession, subscription: Subscription, now: datetime) -> None:
    """What was charged without a consent and is given back needs nobody, while the consent covers what is to come."""
    for hold in await holds.outside(session, subscription):
        statement = select(Invoice).where(Invoice.stripe_id == hold.invoice_stripe_id)
        if await is_given_back(session, (await session.exec(statement)).one()):
            holds.end(session, hold, now)


async def _forget(session: AsyncSession, subscription: Subscription, now: datetime) -> None:
    """Stripe collects nothing of one that has ended: https://docs.stripe.com/billing/subscriptions/cancel."""
    statement = select(Hold).where(Hold.subscription_id == subscription.id, col(Hold.ended_at).is_(None))
    for hold in (await session.exec(statement.where(Hold.reason != Reason.CHARGED_OUTSIDE_CONSENT))).all():
        holds.end(session, hold, now)


async def _stop_calls(session: AsyncSession, subscription: Subscription) -> list[Call]:
    if is_stopped_at_stripe(subscription):
        return []
    return [stop_call(subscription, key=await state_of(session, subscription.id, subscription.stripe_id))]


async def stop(session: AsyncSession, subscription: Subscription, *, cause: UUID, now: datetime) -> list[Call]:
    """What has to stop at once when its consent ends: renewals, drafts that wait to be finalized, and retries.

    The caller holds the customer's lock, and orders the calls.
    """
    calls = [stop_call(subscription, key=f"{cause}:{subscription.id}")]
    if finding := await judge_subscription(session, subscription, now):
        await holds.put(session, subscription, None, finding, now)
    for invoice in await _invoices(session, subscription, DRAFT, OPEN):
        if invoice.status == DRAFT:
            calls += await consider_draft(session, subscription, invoice, now)
        else:
            calls.append(hold_call(invoice, key=f"{cause}:{invoice.id}", void=False))
    return calls


async def let_go_on(session: AsyncSession, subscription: Subscription, *, cause: UUID, now: datetime) -> list[Call]:
    """What may go on when a newer consent, `cause`, carries it: collection that was stopped, and what was held.

    What was charged without a consent has been answered by this one. The caller holds the customer's lock, and orders
    the calls.
    """
    for outside in await holds.outside(session, subscription):
        holds.end(session, outside, now)
    calls = await release_calls(session, subscription, now)
    calls += await _leave_uncollected(session, subscription, now)
    if await holds.of_subscription(session, subscription) is not None:
        calls.insert(0, resume_call(subscription, key=f"{cause}:{subscription.id}"))
    return calls
