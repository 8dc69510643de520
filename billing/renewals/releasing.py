"""Releasing what was held: the newest draft is finalized and paid, older ones are finalized uncollected and voided.

There is no client that could continue this after a crash, and the customer waits for it: the sweep carries it through,
as long as the consent still covers it at each sending. Stripe takes no second payment for one invoice, and collects
nothing of it by itself before it was declined: then its own retries go on.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.consents.locking import hold_customer
from billing.errors import StripeRejected
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered, is_in_doubt
from billing.renewals import holds
from billing.renewals.holding import hold_call
from billing.renewals.judging import DRAFT, OPEN, judge_draft
from billing.stripe_gateway import Declined, Request
from billing.subscriptions.paying import INVOICE_EXPAND
from billing.tables import Invoice, Operation, Subscription

RELEASE_INVOICE = "releaseInvoice"


async def release_calls(session: AsyncSession, subscription: Subscription, now: datetime) -> list[Call]:
    """The calls that release what is held, if the consent now covers the newest draft; else the hold says what would.

    What is no longer a draft is withdrawn. The caller holds the customer's lock.
    """
    held = await holds.held_invoices(session, subscription)
    drafts = [invoice for _, invoice in held if invoice.status == DRAFT]
    if not drafts:
        return []
    if finding := await judge_draft(session, subscription, drafts[0], now):
        await holds.put(session, subscription, drafts[0], finding, now)
        return []
    return [
        _call(subscription, hold.id, invoice, collect=invoice is drafts[0])
        for hold, invoice in reversed(held)
        if invoice.status in (DRAFT, OPEN)
    ]


def _call(subscription: Subscription, hold_id: UUID, invoice: Invoice, *, collect: bool) -> Call:
    """Once for one hold, consent and method."""
    key = f"{hold_id}:{subscription.consent_id}:{subscription.payment_method_stripe_id}:{collect}"
    intent = {"invoice_id": str(invoice.id), "subscription_id": str(subscription.id), "collect": collect}
    return Call(RELEASE_INVOICE, Caller.assent(), key, intent, invoice.customer_id)


async def _invoice(session: AsyncSession, operation: Operation) -> tuple[Subscription, Invoice]:
    subscription_id, invoice_id = (UUID(operation.intent[name]) for name in ("subscription_id", "invoice_id"))
    subscription = await session.get_one(Subscription, subscription_id, populate_existing=True)
    return subscription, await session.get_one(Invoice, invoice_id, populate_existing=True)


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    await hold_customer(session, operation.customer_id)
    subscription, invoice = await _invoice(session, operation)
    operation.node_id, operation.subject = invoice.id, invoice.stripe_id
    if await holds.of_invoice(session, invoice) is None:
        return Finish()
    if invoice.status != DRAFT:
        return await _withdraw(session, operation, invoice, now)
    if operation.intent["collect"] and not await _is_covered(session, subscription, invoice, now):
        return Finish()
    return _send("finalize", operation, {"auto_advance": False, "expand": INVOICE_EXPAND})


async def _is_covered(session: AsyncSession, subscription: Subscription, invoice: Invoice, now: datetime) -> bool:
    finding = await judge_draft(session, subscription, invoice, now)
    if finding and await holds.of_invoice(session, invoice):
        await holds.put(session, subscription, invoice, finding, now)
    return finding is None


async def _withdraw(session: AsyncSession, operation: Operation, invoice: Invoice, now: datetime) -> Finish:
    """Somebody else has finalized it: it is no longer collected, and voided."""
    if invoice.status == OPEN:
        await operations.order(session, hold_call(invoice, key=str(operation.id), void=True), now)
    return Finish()


async def _resume(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """What leads to a payment is sent again only while the consent covers it."""
    await hold_customer(session, operation.customer_id)
    subscription, invoice = await _invoice(session, operation)
    again = Send(operation.step or "", operations.stored_request(operation))
    if not operation.intent["collect"] or operation.step in ("look", "found"):
        return again
    return again if await _is_covered(session, subscription, invoice, now) else _look(operation)


async def _record_finalized(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """By us; or found so, after a sending of which nothing was heard, and whose key tells nothing any more."""
    if isinstance(outcome, StripeRejected) and outcome.http_status == 400:
        return _look(operation, "found" if is_in_doubt(operation, now) else "look")
    await hold_customer(session, operation.customer_id)
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    subscription, invoice = await _invoice(session, operation)
    operation.result = {"finalized": True}
    if invoice.status != OPEN or answer.data["collection_method"] != "charge_automatically":
        # The latter is sent to the customer, who pays it by hand.
        return await _over(session, invoice, now)
    if not operation.intent["collect"]:
        return _send("void", operation, {"expand": INVOICE_EXPAND})
    if not await _is_covered(session, subscription, invoice, now):
        return await _withdraw(session, operation, invoice, now)
    holds.end(session, await holds.of_invoice(session, invoice), now)
    return _send("pay", operation, {"off_session": True, "expand": INVOICE_EXPAND})


async def _record_ended(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Paid, voided, or left to Stripe's retries; or refused, and then the invoice tells why."""
    if isinstance(outcome, Declined):
        return await _retry(session, operation, now)
    if isinstance(outcome, StripeRejected) and outcome.http_status == 400:
        return _look(operation)
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answered(outcome), now=now)
    _, invoice = await _invoice(session, operation)
    return await _over(session, invoice, now)


async def _retry(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    await hold_customer(session, operation.customer_id)
    subscription, invoice = await _invoice(session, operation)
    if not await _is_covered(session, subscription, invoice, now):
        return _look(operation)
    path, params = f"/v1/invoices/{operation.subject}", {"auto_advance": True, "expand": INVOICE_EXPAND}
    return Send("retry", Request("post", path, params))


async def _record_looked(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answered(outcome), now=now)
    _, invoice = await _invoice(session, operation)
    if operation.result.get("finalized"):
        return await _over(session, invoice, now)
    return await _withdraw(session, operation, invoice, now)


async def _over(session: AsyncSession, invoice: Invoice, now: datetime) -> Finish:
    if invoice.status != DRAFT:
        holds.end(session, await holds.of_invoice(session, invoice), now)
    return Finish()


def _look(operation: Operation, step: str = "look") -> Send:
    return Send(step, Request("get", f"/v1/invoices/{operation.subject}", {"expand": INVOICE_EXPAND}))


def _send(action: str, operation: Operation, params: dict[str, Any]) -> Send:
    return Send(action, Request("post", f"/v1/invoices/{operation.subject}/{action}", params))


RELEASE = Procedure(
    RELEASE_INVOICE,
    _begin,
    {
        "finalize": _record_finalized,
        "found": _record_finalized,
        "pay": _record_ended,
        "retry": _record_ended,
        "void": _record_ended,
        "look": _record_looked,
    },
    resume=_resume,
)
