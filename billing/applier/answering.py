"""Whether Stripe may be told that an event has arrived: a renewal's draft only once it is decided on.

Stripe finalizes a draft about an hour after every endpoint has acknowledged its `invoice.created`, and keeps it for up
to 72 hours while one has not: https://docs.stripe.com/billing/subscriptions/webhooks.
"""

import asyncio
import json

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import renewals
from billing.applier.applying import apply_object
from billing.applier.claiming import claim_event
from billing.applier.considering import considering
from billing.applier.leasing import Holder, holding
from billing.inbox import Arrival
from billing.runtime import Runtime
from billing.stripe_gateway import JSONObject
from billing.tables import EventStatus, Invoice, Operation, OperationStatus, StripeEvent

GATED = "invoice.created"
# Seconds that Stripe's delivery waits for a decision that another process is at, and between two looks.
PATIENCE = 8.0
LOOK_AGAIN = 0.05


async def may_acknowledge(runtime: Runtime, event: Arrival) -> bool:
    """True for all but drafts of managed subscriptions that are not decided on yet, or not yet held at Stripe.

    The event is stored already. Whoever calls decides by the same steps as the applier, with or without one running.
    """
    if event.type != GATED:
        return True
    data: JSONObject = json.loads(event.payload)["data"]["object"]
    async with runtime.database.read() as session:
        if not await renewals.is_managed(session, data):
            return True
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        tried = await _decide(runtime, event, data)
        async with runtime.database.read() as session:
            if await _is_decided(session, event, data):
                return True
            refused = tried and await _is_judged(session, data)
        if refused or asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(LOOK_AGAIN)


async def _decide(runtime: Runtime, event: Arrival, data: JSONObject) -> bool:
    """Applies the event if nobody is at it; whether anything was done.

    Decides anew where the subscription was just being changed, or where Stripe did not take before that it is held.
    """
    now = runtime.clock()
    holder = Holder()
    async with holding(runtime, holder):
        claimed = await claim_event(runtime.database, holder, event, now)
        if claimed is not None:
            await apply_object(runtime, [claimed], now)
            return True
    async with runtime.database.read() as session:
        waits = await _is_known(session, event) and not await _is_decided(session, event, data)
    if waits:
        async with considering(runtime, data, now):
            pass
    return waits


async def _is_decided(session: AsyncSession, event: Arrival, data: JSONObject) -> bool:
    known = await _is_known(session, event) and await _is_judged(session, data)
    return known and not await _is_to_be_held(session, data)


async def _is_known(session: AsyncSession, event: Arrival) -> bool:
    statement = select(StripeEvent.status).where(StripeEvent.stripe_id == event.stripe_id)
    return (await session.exec(statement)).first() not in (None, EventStatus.RECEIVED)


async def _is_judged(session: AsyncSession, data: JSONObject) -> bool:
    statement = select(Invoice.id).where(Invoice.stripe_id == data["id"], col(Invoice.judged_as).is_not(None))
    return (await session.exec(statement)).first() is not None


async def _is_to_be_held(session: AsyncSession, data: JSONObject) -> bool:
    """Whether Stripe has not taken yet that it is held."""
    statement = (
        select(Operation.intent, Invoice.id)
        .join(Invoice, col(Invoice.customer_id) == Operation.customer_id)
        .where(
            Invoice.stripe_id == data["id"],
            Operation.mutation == renewals.HOLD_INVOICE,
            Operation.status == OperationStatus.PENDING,
        )
    )
    return any(intent["invoice_id"] == str(invoice_id) for intent, invoice_id in (await session.exec(statement)).all())
