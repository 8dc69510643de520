"""Sweeps over renewals: drafts whose event never came, decisions that are due, and consents whose time is over."""

from collections.abc import AsyncIterator
from datetime import datetime

import structlog
from sqlmodel import col, or_, select

from billing import mirror, renewals, stopping
from billing.applier.considering import considering
from billing.consents.locking import hold_customer
from billing.mirror.expanding import complete, is_truncated
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, JSONObject
from billing.tables import ENDED, Consent, Hold, Invoice, Subscription

log = structlog.get_logger()


async def sweep_drafts(runtime: Runtime) -> int:
    """Decides on every draft that Stripe has of managed subscriptions, and on what was finalized undecided.

    How many there were. Raises what `StripeGateway.get` raises.
    """
    found = 0
    async for answer in _drafts(runtime):
        async with runtime.database.read() as session:
            is_ours = await renewals.is_managed(session, answer.data)
        if is_ours:
            found += 1
            await _learn(runtime, answer)
    for data in await _unjudged(runtime):
        found += 1
        await _decide(runtime, data)
    return found


async def _drafts(runtime: Runtime) -> AsyncIterator[Answer]:
    after: dict[str, str] = {}
    while True:
        page = await runtime.gateway.get("/v1/invoices", status="draft", limit=100, **after)
        for each in page.data["data"]:
            yield Answer(each, page.known_from, page.known_until)
        if not page.data["has_more"]:
            return
        after = {"starting_after": page.data["data"][-1]["id"]}


async def _learn(runtime: Runtime, answer: Answer) -> None:
    now, data = runtime.clock(), answer.data
    try:
        if is_truncated(data):
            data = await complete(runtime.gateway, data)
        async with considering(runtime, data, now) as session:
            await mirror.record(session, Answer(data, answer.known_from, answer.known_until), now=now)
    except Exception:  # whatever is wrong with one draft must not keep the others from being held
        log.exception("draft not checked", invoice=answer.data["id"])


async def _unjudged(runtime: Runtime) -> list[JSONObject]:
    """Invoices that were learned of in another way than by an event, or while their subscription was being changed."""
    statement = (
        select(Invoice.stripe_id, Invoice.subscription_stripe_id)
        .join(Subscription, col(Subscription.stripe_id) == Invoice.subscription_stripe_id)
        .where(
            col(Subscription.managed),
            # As the index `ix_invoices_unjudged` has it.
            col(Invoice.status).in_(("open", "paid", "uncollectible")),
            or_(col(Invoice.judged_as).is_(None), col(Invoice.judged_as) != Invoice.status),
        )
    )
    async with runtime.database.read() as session:
        found = (await session.exec(statement)).all()
    return [
        {"id": stripe_id, "object": "invoice", "parent": {"subscription_details": {"subscription": of}}}
        for stripe_id, of in found
    ]


async def _decide(runtime: Runtime, data: JSONObject) -> None:
    try:
        async with considering(runtime, data, runtime.clock()):
            pass
    except Exception:
        log.exception("invoice not checked", invoice=data["id"])


async def stop_expired(runtime: Runtime) -> int:
    """Stops what still rests on consents whose time is over; how many subscriptions there were."""
    now = runtime.clock()
    is_stopped = select(Hold.id).where(
        Hold.subscription_id == Subscription.id,
        col(Hold.invoice_stripe_id).is_(None),
        col(Hold.ended_at).is_(None),
        # Another stop leaves alone what was billed within the consent, and is still being collected.
        Hold.reason == renewals.Reason.CONSENT_REQUIRED,
    )
    statement = (
        select(Subscription)
        .join(Consent, col(Consent.id) == Subscription.consent_id)
        .where(
            col(Consent.expires_at) <= now,
            col(Subscription.status).not_in(ENDED),
            ~is_stopped.exists(),
        )
    )
    async with runtime.database.read() as session:
        due = (await session.exec(statement)).all()
    for each in due:
        await _stop(runtime, each, now)
    return len(due)


async def _stop(runtime: Runtime, subscription: Subscription, now: datetime) -> None:
    async with runtime.database.transaction() as session:
        await hold_customer(session, subscription.customer_id)
        current = await session.get_one(Subscription, subscription.id, populate_existing=True)
        if current.consent_id is None or current.consent_id != subscription.consent_id:
            return
        calls = await stopping.order(session, current.consent_id, stopped=[current.id], expired=(), now=now)
    await stopping.carry_out(runtime, calls)
