"""Letting a subscription be charged again.

A pause of its collection alone is taken away. One that stands still itself begins a new period, whose invoice is held
to the consent before it is made and paid off-session, like a new subscription's; where that fails the invoice is voided
and it stands still as before.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations, payment_methods
from billing.callers import Caller
from billing.consents import coverage
from billing.consents.carrying import needed_by
from billing.consents.locking import hold_customer
from billing.errors import (
    AuthenticationRequired,
    BillingError,
    ConsentRequired,
    ConsentScopeExceeded,
    InvalidTransition,
    StripeRejected,
)
from billing.input import check_key, raise_problems
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, Undone, answered
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Declined, JSONObject, Request
from billing.subscriptions import ending, paying
from billing.subscriptions.changing import lease, require_consent
from billing.subscriptions.reading import get
from billing.subscriptions.transitions import Transition, require_possible
from billing.tables import ConsentUsage, Operation, PaymentMethod, Subscription


@dataclass(frozen=True)
class Resumed:
    """What came of it. With an error it stands still as before."""

    subscription_id: UUID
    payment_id: UUID | None
    error: BillingError | None


async def resume(runtime: Runtime, caller: Caller, subscription_id: UUID | None, *, idempotency_key: str) -> Resumed:
    """Ends a pause, with at most one payment for the key. Where nothing stands still it is a success and calls nothing.

    In `Resumed.error`: PaymentDeclined, ConsentScopeExceeded, after which nothing is payable; AuthenticationRequired,
    after which the invoice waits 23 hours for the customer. Raises InvalidInput, NotFound, InvalidTransition,
    ConsentRequired, ConsentScopeExceeded, PaymentMethodUnusable, IdempotencyMismatch, Conflict, StripeRejected,
    StripeUnavailable.
    """
    raise_problems(check_key(idempotency_key))
    async with runtime.database.read() as session:
        subscription = await get(session, caller, subscription_id)
    intent = {"subscription_id": str(subscription.id)}
    call = Call("resumeSubscription", caller, idempotency_key, intent, subscription.customer_id)
    operation = await operations.run(runtime, RESUME, call)
    payment = operation.result.get("payment_id")
    return Resumed(subscription.id, UUID(payment) if payment else None, operations.failure(operation))


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    subscription = await lease(session, operation)
    require_possible(subscription, Transition.RESUME)
    stands_still = subscription.status == "paused"
    if not stands_still and not subscription.pause_collection_only:
        return Finish()
    operation.consent_id = (await require_consent(session, subscription, now)).id
    if not stands_still:
        path = f"/v1/subscriptions/{subscription.stripe_id}"
        return Send("collect", Request("post", path, {"pause_collection": ""}))
    await _require_method(session, subscription, now)
    # Stripe may collect as soon as it is asked to resume, so what it would collect is asked for before.
    params = {"subscription": subscription.stripe_id, "subscription_details": {"resume_at": "now"}}
    return Send("preview", Request("post", "/v1/invoices/create_preview", params))


async def _require_method(session: AsyncSession, subscription: Subscription, now: datetime) -> None:
    wanted = select(PaymentMethod).where(PaymentMethod.stripe_id == subscription.payment_method_stripe_id)
    method = (await session.exec(wanted)).first()
    if method is None:
        message = "This subscription has no payment method; give it one with updateSubscription first."
        raise InvalidTransition(message, "subscription", subscription.id)
    await payment_methods.require_usable(session, method, now)
    await payment_methods.require_saved_for(session, method, ConsentUsage.RECURRING)


async def _record_collecting(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


async def _record_preview(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What would be billed is known: the consent decides."""
    bill = answered(outcome).data
    subscription = await session.get_one(Subscription, operation.node_id)
    needed = await needed_by(session, subscription)
    if needed is None:
        raise ValueError(f"subscription {subscription.id} has no items")
    largest = max(bill["amount_due"], needed.maximum_amount or 0)
    try:
        await coverage.require(
            session,
            customer_id=operation.customer_id,
            needed=replace(needed, currency=bill["currency"].upper(), maximum_amount=largest),
            consent_id=operation.consent_id,
            operation_id=operation.id,
            subscription_id=subscription.id,
            now=now,
        )
    except (ConsentRequired, ConsentScopeExceeded) as refusal:
        return Undone(refusal)
    params = {
        "billing_cycle_anchor": {"type": "now"},
        # It stands still until it is paid (STRIPE.md 4.7).
        "payment_behavior": "resume_on_payment_success",
        "expand": paying.SUBSCRIPTION_EXPAND,
    }
    return Send("resume", Request("post", f"/v1/subscriptions/{subscription.stripe_id}/resume", params))


async def _record_resumed(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Resumed already, where there was nothing to pay; or its invoice is there and is paid now."""
    if isinstance(outcome, Declined):
        operation.result = {"refusal": paying.refusal_of(outcome).dump()}
        return _find(operation)
    answer = answered(outcome)
    # The consent is to be looked at: its lock comes before those of the mirror, everywhere.
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answer, now=now)
    if answer.data["status"] == "paused" and not _is_billed(answer.data):
        # Looked for, and not found: it was never asked to resume.
        raise StripeRejected("The subscription was not resumed.", 400, "not_resumed")
    await _note(session, operation, answer.data)
    if answer.data["status"] != "paused":
        return paying.look(operation)
    return await paying.pay_if_covered(session, operation, now)


def _is_billed(subscription: JSONObject) -> bool:
    return (subscription["latest_invoice"] or {}).get("status") == "open"


async def _note(session: AsyncSession, operation: Operation, data: JSONObject) -> None:
    invoice = data["latest_invoice"]
    subscription = await session.get_one(Subscription, operation.node_id)
    needed = await needed_by(session, subscription)
    operation.result = {
        **operation.result,
        "subscription": data["id"],
        "invoice": invoice["id"],
        "method": data["default_payment_method"],
        "due": invoice["amount_due"],
        "currency": invoice["currency"].upper(),
        "largest": max(invoice["amount_due"], (needed.maximum_amount if needed else None) or 0),
        "stays": True,
    }


def _find(operation: Operation) -> Send:
    """The subscription as it is, where the resuming is not to be sent again."""
    path = f"/v1/subscriptions/{operation.subject}"
    return Send("find", Request("get", path, {"expand": paying.SUBSCRIPTION_EXPAND}))


async def _record_found(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Whatever has come of it is taken back; what is resumed and paid stays."""
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    refusal = ending.kept_refusal(operation)
    if refusal is not None and not _is_billed(answer.data):
        return Finish(error=refusal)
    await _note(session, operation, answer.data)
    if answer.data["status"] != "paused":
        return paying.look(operation)
    if isinstance(refusal, AuthenticationRequired):
        return paying.settle(operation)
    return ending.withdraw(operation, refusal or paying.NOT_COMPLETED)


async def _resume(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """What may have been sent is sent again only while the consent still covers it; else its fate is read."""
    following = Send(operation.step or "", operations.stored_request(operation))
    if operation.step == "pay":
        return await paying.pay_again(session, operation, now)
    if operation.step not in ("collect", "resume"):
        return following
    subscription = await session.get_one(Subscription, operation.node_id, populate_existing=True)
    try:
        await require_consent(session, subscription, now)
    except (ConsentRequired, ConsentScopeExceeded) as refusal:
        operation.result = {**operation.result, "refusal": refusal.dump()}
        return _find(operation)
    return following


async def _withdraw(session: AsyncSession, operation: Operation, found: Answer, now: datetime) -> Next | None:
    """What nobody continues is taken back, where nothing has been paid and the customer is not asked to confirm."""
    if operation.step == "pay":
        return paying.give_up(operation, found)
    if not _is_billed(found.data):
        return None
    await _note(session, operation, found.data)
    return ending.withdraw(operation, paying.NOT_COMPLETED)


def _trace(operation: Operation) -> Request | None:
    if "invoice" in operation.result:
        return paying.settle(operation).request
    return _find(operation).request if operation.step == "resume" else None


def _is_over(operation: Operation, found: Answer) -> bool:
    if found.data["object"] == "subscription":
        return bool(found.data["status"] != "paused")
    return found.data["status"] in ("paid", "void")


RESUME = Procedure(
    "resumeSubscription",
    _begin,
    {
        "collect": _record_collecting,
        "preview": _record_preview,
        "resume": _record_resumed,
        "find": _record_found,
        "pay": paying.record_paid,
        "settle": paying.record_settled,
        "look": paying.record_looked,
        "void": ending.record_voided,
        "voided": ending.record_voided,
    },
    charges=frozenset({"preview", "resume", "pay"}),
    resume=_resume,
    trace=_trace,
    is_over=_is_over,
    withdraw=_withdraw,
    harmless=frozenset({"preview"}),
)
