"""Taking back a subscription that was begun and may not be paid: nothing stays active and nothing payable."""

from dataclasses import replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import errors, mirror
from billing.errors import BillingError, PaymentDeclined, StripeRejected
from billing.operations import Finish, Next, Outcome, Send
from billing.stripe_gateway import Answer, Request
from billing.subscriptions import paying
from billing.tables import Operation


def withdraw(operation: Operation, refusal: BillingError) -> Send:
    """Cancels first, so that no later invoice comes; the refusal is the answer when everything is taken back.

    Of one that was there before and `stays` only the invoice is taken back.
    """
    operation.result = {**operation.result, "refusal": refusal.dump()}
    if operation.result.get("stays"):
        return _void(operation)
    return Send("cancel", Request("delete", f"/v1/subscriptions/{operation.result['subscription']}", {}))


def kept_refusal(operation: Operation) -> BillingError | None:
    """The error that the operation will end with."""
    refusal = operation.result.get("refusal")
    return errors.load(refusal) if refusal else None


def _require_done(outcome: Outcome) -> None:
    """Raises a refusal that says nothing of the object: what is to be taken back is still there."""
    if isinstance(outcome, StripeRejected) and outcome.http_status in (401, 403):
        raise outcome


async def record_canceled(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Canceled, now or before; its first invoice stays open at Stripe until it is voided."""
    _require_done(outcome)
    if isinstance(outcome, Answer):
        await mirror.record(session, outcome, now=now)
    return _void(operation)


def _void(operation: Operation) -> Send:
    params = {"expand": paying.INVOICE_EXPAND}
    return Send("void", Request("post", f"/v1/invoices/{operation.result['invoice']}/void", params))


async def record_voided(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Void, now or before: the end."""
    _require_done(outcome)
    if isinstance(outcome, StripeRejected) and operation.step == "void":
        path = f"/v1/invoices/{operation.result['invoice']}"
        return Send("voided", Request("get", path, {"expand": paying.INVOICE_EXPAND}))
    if isinstance(outcome, Answer):
        await mirror.record(session, outcome, now=now)
    payment_id = await paying.find_payment(session, operation)
    refusal = kept_refusal(operation)
    if isinstance(refusal, PaymentDeclined):
        refusal = replace(refusal, payment_id=payment_id)
    return Finish(error=refusal, result={"payment_id": str(payment_id) if payment_id else None})
