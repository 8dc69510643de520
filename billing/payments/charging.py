"""Charging a saved method while the customer is away: reserve within a consent, send, record what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import customers, limits, operations, payment_methods
from billing.anchors import anchor
from billing.callers import Caller
from billing.errors import BillingError, ConsentRequired, ConsentScopeExceeded, Problem, StripeRejected
from billing.input import check_currency, check_key, check_metadata, check_text, raise_problems
from billing.money import Money
from billing.operations import Call, Next, Outcome, Procedure, Send, Undone, ours
from billing.payments import covering, outcomes
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request
from billing.tables import Operation, PaymentMethod

# https://docs.stripe.com/api/payment_intents/create#create_payment_intent-description
LONGEST_DESCRIPTION = 1000


@dataclass(frozen=True)
class NewCharge:
    """What is wanted. Without a consent it is the newest that covers it."""

    payment_method_id: UUID | None
    amount: Money
    consent_id: UUID | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None


@dataclass(frozen=True)
class Charged:
    """What came of it. An error with a payment: it was declined and is canceled, or it waits for the customer."""

    payment_id: UUID | None
    error: BillingError | None


async def charge(runtime: Runtime, caller: Caller, wanted: NewCharge, *, idempotency_key: str) -> Charged:
    """One payment, at most once for the key, however often it is called.

    In `Charged.error`: PaymentDeclined, after which the payment is canceled at Stripe; AuthenticationRequired, after
    which it waits 23 hours for the customer. Raises InvalidInput, NotFound, InvalidTransition, ConsentRequired,
    ConsentScopeExceeded, PaymentMethodUnusable, PaymentMethodLimit, IdempotencyMismatch, Conflict, StripeRejected,
    StripeUnavailable.
    """
    problems = check_key(idempotency_key) + check_metadata("metadata", wanted.metadata)
    raise_problems(problems + _check(wanted))
    async with runtime.database.read() as session:
        method = await payment_methods.get(session, caller, wanted.payment_method_id)
        call = Call("chargePaymentMethod", caller, idempotency_key, _intent(wanted), method.customer_id)
        if not await operations.is_begun(session, call):
            await limits.require(session, runtime.limits, method, wanted.amount, runtime.clock())
    operation = await operations.run(runtime, CHARGE, call)
    payment = operation.result.get("payment_id")
    return Charged(UUID(payment) if payment else None, operations.failure(operation))


def _check(wanted: NewCharge) -> list[Problem]:
    problems = check_currency("amount", wanted.amount.currency)
    if wanted.amount.amount <= 0:
        problems.append(Problem(("input", "amount", "amount"), "A charge is more than zero."))
    if wanted.description is not None:
        problems += check_text("description", wanted.description, longest=LONGEST_DESCRIPTION)
    return problems


def _intent(wanted: NewCharge) -> dict[str, Any]:
    return {
        "payment_method_id": str(wanted.payment_method_id),
        "amount": wanted.amount.amount,
        "currency": wanted.amount.currency,
        "consent_id": str(wanted.consent_id) if wanted.consent_id else None,
        "description": wanted.description,
        "metadata": wanted.metadata or {},
    }


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """Checks everything under the customer's lock; the pending operation counts against the consent from here on."""
    intent = operation.intent
    customer = await customers.get_live(session, Caller.assent(), operation.customer_id)
    method = await session.get_one(PaymentMethod, UUID(intent["payment_method_id"]))
    await payment_methods.require_usable(session, method, now)
    await payment_methods.require_saved(session, method)
    consent = await covering.take(session, operation, _uuid(intent["consent_id"]), now)
    params = {
        "amount": intent["amount"],
        "currency": intent["currency"].lower(),
        "customer": customer.stripe_id,
        "payment_method": method.stripe_id,
        "allowed_payment_method_types": [method.stripe_type],
        "confirm": True,
        "off_session": True,
        "metadata": {**intent["metadata"], **ours(operation, **await anchor(session, consent))},
    }
    if intent["description"]:
        params["description"] = intent["description"]
    return Send("charge", Request("post", "/v1/payment_intents", params))


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


async def _resume(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """A charge that may have been sent is sent again only while the consent covers it; else its fate is found out."""
    following = Send(operation.step or "", operations.stored_request(operation))
    if operation.step != "charge":
        return following
    try:
        await covering.take(session, operation, operation.consent_id, now)
    except (ConsentRequired, ConsentScopeExceeded):
        return Send("find", following.request)
    return following


async def _record_found(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if not isinstance(outcome, StripeRejected):
        return await outcomes.record(session, operation, outcome, now)
    try:
        await covering.take(session, operation, operation.consent_id, now)
    except (ConsentRequired, ConsentScopeExceeded) as refusal:
        await covering.give_back(session, operation)
        return Undone(refusal)
    return Send("charge", operations.stored_request(operation))


async def _withdraw(session: AsyncSession, operation: Operation, found: Answer, now: datetime) -> Next:
    """What Stripe has not even tried in ten minutes is not tried any more."""
    return outcomes.cancel(operation, found.data["id"], outcomes.NOT_COMPLETED)


CHARGE = Procedure(
    "chargePaymentMethod",
    _begin,
    {
        "charge": outcomes.record,
        "find": _record_found,
        "look": outcomes.record,
        "cancel": outcomes.record_canceled,
        "canceled": outcomes.record_uncanceled,
    },
    charges=frozenset({"charge"}),
    resume=_resume,
    is_over=outcomes.is_known,
    withdraw=_withdraw,
    looks=frozenset({"find"}),
    unsure=frozenset({"charge"}),
    undo=covering.give_back,
)
