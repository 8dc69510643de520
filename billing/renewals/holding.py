"""Holding an invoice at Stripe: nobody collects it by itself any more.

A draft stays a draft. One that is open already is no longer collected, and where it should never have been finalized
it is voided too.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.callers import Caller
from billing.consents.locking import hold_customer
from billing.errors import StripeRejected
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered
from billing.renewals import holds
from billing.renewals.judging import DRAFT, OPEN, stored
from billing.stripe_gateway import Request
from billing.tables import Invoice, Operation

HOLD_INVOICE = "holdInvoice"


def hold_call(invoice: Invoice, *, key: str, void: bool) -> Call:
    """The call that keeps an invoice from being collected; `key` names the cause.

    `void`: one that is found finalized is withdrawn, because nothing allowed that.
    """
    intent = {"invoice_id": str(invoice.id), "void": void}
    return Call(HOLD_INVOICE, Caller.assent(), key, intent, invoice.customer_id)


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    await hold_customer(session, operation.customer_id)
    invoice = await session.get_one(Invoice, UUID(operation.intent["invoice_id"]), populate_existing=True)
    operation.node_id, operation.subject = invoice.id, invoice.stripe_id
    released = operation.intent["void"] and await holds.of_invoice(session, invoice) is None
    if released or invoice.status not in (DRAFT, OPEN):
        return Finish()
    collected = (await stored(session, invoice.stripe_id)).get("auto_advance", True)
    if not collected:
        return await _after(session, operation, invoice, now)
    # On a draft and on an open invoice alike: https://docs.stripe.com/api/invoices/update#update_invoice-auto_advance
    return Send("hold", Request("post", _path(operation), {"auto_advance": False}))


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected) and outcome.http_status == 400 and operation.step != "look":
        # It is in no state for this: perhaps it was finalized, paid or voided meanwhile.
        return Send("look", Request("get", _path(operation), {}))
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answered(outcome), now=now)
    invoice = await session.get_one(Invoice, operation.node_id, populate_existing=True)
    if operation.step == "look" and invoice.status == DRAFT:
        raise StripeRejected("Stripe does not let this draft be held.", 400)
    if operation.step in ("look", "void"):
        return Finish()
    return await _after(session, operation, invoice, now)


async def _after(session: AsyncSession, operation: Operation, invoice: Invoice, now: datetime) -> Next:
    """It is no longer collected by itself."""
    if invoice.status == OPEN and operation.intent["void"]:
        return Send("void", Request("post", f"{_path(operation)}/void", {}))
    return Finish()


def _path(operation: Operation) -> str:
    return f"/v1/invoices/{operation.subject}"


HOLD = Procedure(HOLD_INVOICE, _begin, {"hold": _record, "void": _record, "look": _record})
