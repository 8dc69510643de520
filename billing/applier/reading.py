"""Asking Stripe, outside of any transaction: for an unknown parent, and for what events could not tell."""

from dataclasses import replace
from datetime import datetime

from billing import mirror, renewals
from billing.applier.considering import considering
from billing.errors import StripeRejected
from billing.mirror import Known, NotOurs, ParentUnknown
from billing.mirror.expanding import complete
from billing.mirror.kinds import address
from billing.mirror.storing import ONE_SECOND_OVER, read_again
from billing.runtime import Runtime
from billing.stripe_gateway import Answer
from billing.subscriptions.paying import INVOICE_EXPAND
from billing.tables import Row

# What is read with an object because no event tells of it in time.
EXPAND = {"invoice": {"expand": INVOICE_EXPAND}}


async def read(runtime: Runtime, stripe_id: str, type: str) -> Answer | None:
    """The object as Stripe has it now, with every list to its end; None where there is none."""
    try:
        answer = await runtime.gateway.get(address(stripe_id, type), **EXPAND.get(type, {}))
    except StripeRejected as refusal:
        if refusal.http_status != 404:
            raise
        return None
    return replace(answer, data=await complete(runtime.gateway, answer.data))


async def learn_parent(runtime: Runtime, unknown: ParentUnknown, now: datetime) -> None:
    """Reads and records what an object belongs to, and what that belongs to where it is unknown as well.

    Raises NotOurs where it is none of Assent's, or Stripe does not know it either.
    """
    answer = await read(runtime, unknown.stripe_id, unknown.type)
    if answer is None:
        raise NotOurs(f"{unknown.type} {unknown.stripe_id}, which it belongs to, is not at Stripe")
    try:
        row = await _record(runtime, answer, now)
    except ParentUnknown as above:
        await learn_parent(runtime, above, now)
        row = await _record(runtime, answer, now)
    if row is None:
        raise NotOurs(f"{unknown.type} {unknown.stripe_id} is not one of Assent's")


async def _record(runtime: Runtime, answer: Answer, now: datetime) -> Row | None:
    async with runtime.database.transaction() as session:
        await renewals.hold_bill(session, answer.data)
        return await mirror.record(session, answer, now=now)


async def refresh(runtime: Runtime, stripe_id: str, type: str, now: datetime) -> None:
    """Reads an object again whose order could not be shown when it was recorded."""
    answer = await read(runtime, stripe_id, type)
    data = answer.data if answer else {"id": stripe_id, "object": type}
    async with considering(runtime, data, now) as session:
        if answer is None:
            await mirror.gone(session, stripe_id, now=now)
            return
        known = Known(answer.known_from, answer.known_until)
        learned = await mirror.learn(session, answer.data, known, now=now)
        # Read within the very second that is in doubt, it is no better known than before.
        await read_again(session, stripe_id, at=now + ONE_SECOND_OVER if learned.doubted else None)
