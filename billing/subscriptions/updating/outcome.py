"""After the change was sent: paid and in force, waiting for the customer, or taken back."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import errors, mirror
from billing.anchors import anchor
from billing.consents import is_active
from billing.consents.locking import hold_customer
from billing.errors import AuthenticationRequired, BillingError, PaymentDeclined, StripeRejected
from billing.operations import Finish, Next, Outcome, Send, answered
from billing.stripe_gateway import Answer, JSONObject, Request
from billing.subscriptions import paying
from billing.subscriptions.updating.model import cleared, look, note, path_of, row_of, settle, wish
from billing.tables import Consent, Operation


async def record_settled(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The invoice of the change, and what is to pay it."""
    answer = answered(outcome)
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answer, now=now)
    if not operation.result["pending"] or paying.is_settled(answer):
        return await conclude(session, operation)
    if operation.result.get("void_refused"):
        # Stripe itself gives it up before the day is over (pending_update.expires_at).
        return look(operation, "final")
    if paying.waits_for_customer(answer) and "refusal" not in operation.result:
        payment_id = await paying.find_payment(session, operation)
        result = {"payment_id": str(payment_id) if payment_id else None}
        return Finish(error=AuthenticationRequired(paying.WAITS, payment_id), result=result)
    if "refusal" not in operation.result:
        note(operation, refusal=_why_declined(answer).dump())
    await give_back_consent(session, operation, now)
    params = {"expand": paying.INVOICE_EXPAND}
    return Send("void", Request("post", f"/v1/invoices/{operation.result['invoice']}/void", params))


def _why_declined(invoice: Answer) -> PaymentDeclined:
    errors_of = [each.get("last_payment_error") or {} for each in paying.intents(invoice)]
    return declined(next((each for each in errors_of if each), {}))


def declined(error: JSONObject) -> PaymentDeclined:
    """Stripe's error of a payment that was refused."""
    code = error.get("code") or error.get("decline_code") or "declined"
    message = error.get("message") or "The payment was declined."
    return PaymentDeclined(message, code, error.get("decline_code"), error.get("advice_code"))


async def record_voided(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """With its invoice the change is given up, unless the customer has just paid it."""
    if isinstance(outcome, StripeRejected):
        if outcome.http_status in (401, 403):
            raise outcome
        note(operation, void_refused=True)
        return settle(operation)
    await mirror.record(session, answered(outcome), now=now)
    return look(operation, "final")


async def give_back_consent(session: AsyncSession, operation: Operation, now: datetime) -> None:
    """What is billed is as before, so it rests on what it rested on, where that still stands."""
    made, subscription = operation.result, await row_of(session, operation)
    if not made.get("moved") or subscription.consent_id != operation.consent_id:
        return
    before = await session.get_one(Consent, UUID(made["consent_before"]), populate_existing=True)
    if is_active(before, now):
        subscription.consent_id = before.id
        session.add(subscription)


async def conclude(session: AsyncSession, operation: Operation) -> Send:
    """The change is in force: what is only noted on the subscription follows; else it is read once more."""
    operation.result = {name: value for name, value in operation.result.items() if name != "refusal"}
    metadata = cleared(wish(operation)["metadata"])
    if operation.result["moved"]:
        metadata |= await anchor(session, await session.get_one(Consent, operation.consent_id))
    if metadata:
        return Send("note", Request("post", path_of(operation), {"metadata": metadata}))
    return look(operation, "final")


async def record_final(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The end."""
    await mirror.record(session, answered(outcome), now=now)
    payment_id = await paying.find_payment(session, operation) if operation.result["invoice"] else None
    refusal = kept_refusal(operation)
    if isinstance(refusal, PaymentDeclined):
        refusal = replace(refusal, payment_id=payment_id)
    return Finish(error=refusal, result={"payment_id": str(payment_id) if payment_id else None})


def kept_refusal(operation: Operation) -> BillingError | None:
    """Why the change was taken back, if it was."""
    refusal: dict[str, Any] | None = operation.result.get("refusal")
    return errors.load(refusal) if refusal else None
