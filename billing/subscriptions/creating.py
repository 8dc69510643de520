"""Starting a subscription: reserve, create it unpaid, hold its first invoice to the consent, then pay.

What the first payment will be is not known from the prices (tax, pending items, coupons), so it is made with
`payment_behavior=default_incomplete`, which charges nothing, and paid in a step of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import customers, mirror, operations
from billing.anchors import anchor
from billing.callers import MERCHANT, Caller
from billing.consents import coverage
from billing.errors import BillingError, NotAllowed, StripeRejected
from billing.input import check_key, check_metadata, check_trial, raise_problems
from billing.operations import Call, Next, Outcome, Procedure, Send, answered, ours
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, JSONObject, Request
from billing.subscriptions import ending, paying
from billing.subscriptions.pricing import Item, get_method, get_prices, needed_scope, stripe_items
from billing.tables import Operation


@dataclass(frozen=True)
class NewSubscription:
    """What is wanted.

    Without a method it is the customer's default one, without a consent the one that covers it, without trial days
    those of its prices.
    """

    customer_id: UUID | None
    items: list[Item]
    payment_method_id: UUID | None = None
    consent_id: UUID | None = None
    trial_days: int | None = None
    metadata: dict[str, str] | None = None


@dataclass(frozen=True)
class Created:
    """What came of it. An error with a subscription means that the subscription waits for the customer."""

    subscription_id: UUID | None
    payment_id: UUID | None
    error: BillingError | None


async def create(runtime: Runtime, caller: Caller, wanted: NewSubscription, *, idempotency_key: str) -> Created:
    """One subscription and at most one payment for the key, however often it is called.

    In `Created.error`: PaymentDeclined, ConsentScopeExceeded and StripeRejected after which nothing is active or
    payable; AuthenticationRequired, after which the subscription waits 23 hours for the customer. Raises
    InvalidInput, NotFound, NotAllowed, ConsentRequired, ConsentScopeExceeded, PaymentMethodUnusable,
    InvalidTransition, IdempotencyMismatch, Conflict, StripeRejected, StripeUnavailable.
    """
    problems = check_key(idempotency_key) + check_metadata("metadata", wanted.metadata)
    raise_problems(problems + check_trial(wanted.trial_days))
    if caller.is_customer and (wanted.metadata or wanted.trial_days):
        raise NotAllowed("Metadata and trials are the merchant's; leave them out.")
    async with runtime.database.read() as session:
        customer = await customers.get(session, caller, wanted.customer_id)
    intent = _intent(wanted, automatic_tax=runtime.automatic_tax)
    call = Call("createSubscription", caller, idempotency_key, intent, customer.id)
    operation = await operations.run(runtime, CREATE, call)
    return _created(operation)


def _created(operation: Operation) -> Created:
    """A refused one is at Stripe too, canceled; what the caller asked for does not exist."""
    payment = operation.result.get("payment_id")
    error = operations.failure(operation)
    kept = error is None or bool(operation.result.get("kept"))
    return Created(operation.node_id if kept else None, UUID(payment) if payment else None, error)


def _intent(wanted: NewSubscription, *, automatic_tax: bool) -> dict[str, Any]:
    return {
        "customer_id": str(wanted.customer_id),
        "items": [[str(item.price_id), item.quantity] for item in wanted.items],
        "payment_method_id": _text(wanted.payment_method_id),
        "consent_id": _text(wanted.consent_id),
        "trial_days": wanted.trial_days,
        "metadata": wanted.metadata or {},
        "automatic_tax": automatic_tax,
    }


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """Checks everything under the customer's lock; the pending operation counts against the consent from here on."""
    intent = operation.intent
    customer = await customers.get_live(session, Caller.assent(), operation.customer_id)
    items = [Item(UUID(price), many) for price, many in intent["items"]]
    by_customer = operation.party != MERCHANT
    prices = await get_prices(session, items, self_service_only=by_customer)
    quantities = [item.quantity for item in items]
    method_id = _uuid(intent["payment_method_id"])
    method = await get_method(session, customer, method_id, now)
    consent = await coverage.require(
        session,
        customer_id=customer.id,
        needed=needed_scope(prices, quantities),
        consent_id=_uuid(intent["consent_id"]),
        operation_id=operation.id,
        now=now,
    )
    operation.consent_id = consent.id
    params: dict[str, Any] = {
        "customer": customer.stripe_id,
        "items": stripe_items(prices, quantities),
        "default_payment_method": method.stripe_id,
        "payment_behavior": "default_incomplete",
        "payment_settings": {"save_default_payment_method": "off"},
        "metadata": {**intent["metadata"], **ours(operation, **await anchor(session, consent))},
        "expand": paying.SUBSCRIPTION_EXPAND,
    }
    if intent["automatic_tax"]:
        params["automatic_tax"] = {"enabled": True}
    if trial := intent["trial_days"] or max(price.trial_days or 0 for price in prices):
        # Stripe does not apply the prices' own trials by itself.
        params["trial_period_days"] = trial
        params["trial_settings"] = {"end_behavior": {"missing_payment_method": "pause"}}
    return Send("create", Request("post", "/v1/subscriptions", params))


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


async def _record_created(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    _note_made(operation, answer.data)
    return _preview(operation)


def _note_made(operation: Operation, subscription: JSONObject) -> None:
    """From here on nobody else changes the subscription until this is over."""
    invoice = subscription["latest_invoice"]
    operation.subject = subscription["id"]
    operation.result = {
        "subscription": subscription["id"],
        "invoice": invoice["id"],
        "method": subscription["default_payment_method"],
        "due": invoice["amount_due"],
        "currency": invoice["currency"].upper(),
    }


def _preview(operation: Operation) -> Send:
    subscription = operation.result["subscription"]
    return Send("preview", Request("post", "/v1/invoices/create_preview", {"subscription": subscription}))


async def _record_preview(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The first amount due and the next full total are known: the consent decides."""
    if isinstance(outcome, StripeRejected):
        return ending.withdraw(operation, outcome)
    answer = answered(outcome)
    if answer.data.get("id") == operation.result["invoice"]:
        # The sweep has looked at the first invoice; what the next one will be is still to be asked.
        return _preview(operation)
    largest = max(operation.result["due"], answer.data["total"])
    operation.result = {**operation.result, "largest": largest}
    return await paying.pay_if_covered(session, operation, now)


async def _resume(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """Only a payment has to be decided on anew."""
    if operation.step == "pay":
        return await paying.pay_again(session, operation, now)
    return Send(operation.step or "", operations.stored_request(operation))


async def _withdraw(session: AsyncSession, operation: Operation, found: Answer, now: datetime) -> Next:
    """What nobody continues is taken back, where nothing has been paid and the customer is not asked to confirm."""
    if "invoice" not in operation.result:
        _note_made(operation, found.data)
    elif operation.step == "pay":
        return paying.give_up(operation, found)
    return ending.withdraw(operation, paying.NOT_COMPLETED)


def _trace(operation: Operation) -> Request | None:
    """From the first invoice on, that one tells whether anything was paid."""
    return paying.settle(operation).request if "invoice" in operation.result else None


CREATE = Procedure(
    "createSubscription",
    _begin,
    {
        "create": _record_created,
        "preview": _record_preview,
        "pay": paying.record_paid,
        "settle": paying.record_settled,
        "look": paying.record_looked,
        "cancel": ending.record_canceled,
        "void": ending.record_voided,
        "voided": ending.record_voided,
    },
    charges=frozenset({"create", "preview", "pay"}),
    resume=_resume,
    trace=_trace,
    withdraw=_withdraw,
    harmless=frozenset({"preview"}),
)
