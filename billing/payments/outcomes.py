"""What came of a charge, by the PaymentIntent: paid, under way, waiting for the customer, or declined and canceled."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import errors, mirror
from billing.confirmation import wants_customer
from billing.errors import AuthenticationRequired, BillingError, PaymentDeclined, StripeRejected
from billing.operations import Finish, Next, Outcome, Send, answered
from billing.payments import covering, giving_up
from billing.stripe_gateway import Answer, Declined, JSONObject, Request
from billing.tables import Operation, Payment

# Statuses in which the money is on its way, or there.
UNDER_WAY = ("succeeded", "processing", "requires_capture")

NOT_COMPLETED = StripeRejected("The payment was not completed in time.", 400, "payment_not_completed")
WAITS = "The customer has to confirm this payment with the bank; nothing was charged."


def is_known(operation: Operation, found: Answer) -> bool:
    """Whether the payment was tried, so that its state is the charge's outcome."""
    tried = found.data["status"] in (*UNDER_WAY, "requires_action", "canceled")
    return tried or found.data.get("last_payment_error") is not None


async def record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What Stripe answered to the charge, or has of it."""
    if isinstance(outcome, Declined):
        return await _record_declined(session, operation, outcome)
    answer = answered(outcome)
    payment = await _mirror(session, answer, now)
    result = {"payment_id": str(payment.id)}
    status, failure = payment.status, answer.data.get("last_payment_error") or {}
    if status in UNDER_WAY:
        if status == "processing":
            await giving_up.order(session, payment, now)
        return Finish(result=result)
    if status == "canceled":
        return Finish(error=_with_payment(_kept(operation) or _refusal(failure), payment.id), result=result)
    if status == "requires_action" or wants_customer(failure.get("code"), failure.get("decline_code")):
        await giving_up.order(session, payment, now)
        return Finish(error=AuthenticationRequired(WAITS, payment.id), result=result)
    return cancel(operation, payment.stripe_id, _refusal(failure))


async def _mirror(session: AsyncSession, answer: Answer, now: datetime) -> Payment:
    row = await mirror.record(session, answer, now=now)
    if not isinstance(row, Payment):
        raise TypeError(f"{answer.data['id']} is not one of Assent's payments")
    return row


async def _record_declined(session: AsyncSession, operation: Operation, declined: Declined) -> Next:
    error = declined.error
    intent = (error.get("payment_intent") or {}).get("id")
    if intent is None:
        await covering.give_back(session, operation)
        return Finish(error=_refusal({"message": declined.message, **error}))
    if wants_customer(error.get("code"), error.get("decline_code")):
        return Send("look", Request("get", f"/v1/payment_intents/{intent}", {}))
    return cancel(operation, intent, _refusal({"message": declined.message, **error}))


def _refusal(failure: JSONObject) -> BillingError:
    """Stripe's own words for why it failed."""
    if not failure:
        return NOT_COMPLETED
    code = failure.get("code") or failure.get("decline_code") or "declined"
    message = failure.get("message") or "The payment was declined."
    return PaymentDeclined(message, code, failure.get("decline_code"), failure.get("advice_code"))


def cancel(operation: Operation, intent: str, refusal: BillingError) -> Send:
    """A declined payment could still be paid by whoever confirms it: it is canceled before anybody is answered."""
    operation.result = {"payment_intent": intent, "refusal": refusal.dump()}
    return Send("cancel", Request("post", f"/v1/payment_intents/{intent}/cancel", {}))


def _kept(operation: Operation) -> BillingError | None:
    refusal = operation.result.get("refusal")
    return errors.load(refusal) if refusal else None


def _with_payment(refusal: BillingError, payment_id: UUID) -> BillingError:
    return replace(refusal, payment_id=payment_id) if isinstance(refusal, PaymentDeclined) else refusal


async def record_canceled(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Canceled, now or before; or it is read why not."""
    if isinstance(outcome, StripeRejected) and outcome.http_status == 400:
        return Send("canceled", Request("get", f"/v1/payment_intents/{operation.result['payment_intent']}", {}))
    return await record(session, operation, answered(outcome), now)


async def record_uncanceled(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What Stripe did not cancel is over already, or is tried again later."""
    answer = answered(outcome)
    if answer.data["status"] not in (*UNDER_WAY, "canceled"):
        raise StripeRejected(f"The declined payment is {answer.data['status']} and was not canceled.", 400)
    return await record(session, operation, answer, now)
