"""Starting a subscription: reserve, create it unpaid, hold its first invoice to the consent, then pay.

What the first payment will be is not known from the prices (tax, pending items, coupons), so it is made with
`payment_behavior=default_incomplete`, which charges nothing, and paid in a step of its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import customers, mirror, operations, previews
from billing.anchors import anchor
from billing.callers import MERCHANT, Caller
from billing.consents import coverage
from billing.consents.invoiced import products_billed
from billing.errors import BillingError, PreviewStale, StripeRejected
from billing.operations import Call, Next, Outcome, Procedure, Send, Undone, answered, ours
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, JSONObject, Request
from billing.subscriptions import ending, paying
from billing.subscriptions.changes import coupon_request, is_once
from billing.subscriptions.previewing import fill_current
from billing.subscriptions.pricing import get_method, require_within_limits
from billing.subscriptions.starting import Start, check_start
from billing.subscriptions.wishes import NewSubscription, check, require_merchant, uuid
from billing.tables import Operation


@dataclass(frozen=True)
class Created:
    """What came of it. An error with a subscription means that the subscription waits for the customer."""

    subscription_id: UUID | None
    payment_id: UUID | None
    error: BillingError | None


async def create(runtime: Runtime, caller: Caller, wanted: NewSubscription, *, idempotency_key: str) -> Created:
    """One subscription and at most one payment for the key, however often it is called.

    In `Created.error`: PaymentDeclined, ConsentScopeExceeded, PreviewStale and StripeRejected after which nothing is
    active or payable; AuthenticationRequired, after which the subscription waits 23 hours for the customer. Raises
    InvalidInput, NotFound, NotAllowed, ConsentRequired, ConsentScopeExceeded, PreviewStale, PaymentMethodUnusable,
    PaymentMethodLimit, InvalidTransition, IdempotencyMismatch, Conflict, StripeRejected, StripeUnavailable.
    """
    check(key=idempotency_key, metadata=wanted.metadata, trial_days=wanted.trial_days, coupon=wanted.coupon)
    if caller.is_customer:
        by_token = wanted.preview_token is not None
        require_merchant(wanted.metadata, *(() if by_token else (wanted.trial_days, wanted.coupon)))
    async with runtime.database.read() as session:
        customer = await customers.get(session, caller, wanted.customer_id)
        intent = {**wanted.intent(), "automatic_tax": runtime.automatic_tax}
        call = Call("createSubscription", caller, idempotency_key, intent, customer.id)
        if not await operations.is_begun(session, call):
            await require_within_limits(session, runtime.limits, customer, wanted.payment_method_id, wanted.items)
    with_current = partial(fill_current, runtime, caller, wanted)
    try:
        created = _created(await operations.run(runtime, CREATE, call))
    except PreviewStale as stale:
        raise await with_current(stale) from stale
    if isinstance(created.error, PreviewStale):
        return replace(created, error=await with_current(created.error))
    return created


def _created(operation: Operation) -> Created:
    """A refused one is at Stripe too, canceled; what the caller asked for does not exist."""
    payment = operation.result.get("payment_id")
    error = operations.failure(operation)
    kept = error is None or bool(operation.result.get("kept"))
    return Created(operation.node_id if kept else None, UUID(payment) if payment else None, error)


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """What was previewed is reckoned anew first; nothing is made of what no longer holds."""
    wish = await _wish(session, operation, now)
    if "preview_token" not in wish:
        return await _reserve(session, operation, wish, now)
    await previews.take(session, operation)
    start = await _start(session, operation, wish)
    return Send("quote", start.previewed(now, recurring=False))


async def _wish(session: AsyncSession, operation: Operation, now: datetime) -> dict[str, Any]:
    found = await previews.find(session, operation, subscription_id=None, now=now)
    if found is None:
        return operation.intent
    if operation.party != MERCHANT != found.party:
        require_merchant(found.wish["trial_days"], found.wish["coupon"])
    return previews.bind(operation.intent, found.wish)


async def _start(session: AsyncSession, operation: Operation, wish: dict[str, Any]) -> Start:
    customer = await customers.get_live(session, Caller.assent(), operation.customer_id)
    by_customer = operation.party != MERCHANT
    return await check_start(session, customer, wish, by_customer=by_customer, automatic_tax=wish["automatic_tax"])


async def _record_quote(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected):
        return Undone(outcome)
    first = answered(outcome).data
    operation.result = {"first": previews.told(first)}
    start = await _start(session, operation, await _wish(session, operation, now))
    if start.coupon and first["amount_due"] > 0:
        return Send("coupon", coupon_request(start.coupon))
    return Send("quote_next", start.previewed(now, recurring=True))


async def _record_coupon(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    start = await _start(session, operation, await _wish(session, operation, now))
    discounted = not is_once(answered(outcome).data)
    return Send("quote_next", start.previewed(now, recurring=True, discounted=discounted))


async def _record_quotes(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    first, operation.result = operation.result["first"], {}
    if isinstance(outcome, StripeRejected):
        return Undone(outcome)
    try:
        wish = await _wish(session, operation, now)
        figures = previews.read(first, answered(outcome).data, currency=first["currency"].upper())
        await previews.require_same(session, operation, figures)
        return await _reserve(session, operation, wish, now)
    except BillingError as refusal:
        return Undone(refusal)


async def _reserve(session: AsyncSession, operation: Operation, wish: dict[str, Any], now: datetime) -> Next:
    """Checks everything under the customer's lock; the pending operation counts against the consent from here on."""
    start = await _start(session, operation, wish)
    method_id = uuid(wish["payment_method_id"])
    method = await get_method(session, start.customer, method_id, now, required=not start.trial)
    consent = await coverage.require(
        session,
        customer_id=start.customer.id,
        needed=start.needed,
        consent_id=uuid(wish["consent_id"]),
        operation_id=operation.id,
        due_now=0 if start.trial else None,
        now=now,
    )
    operation.consent_id = consent.id
    params: dict[str, Any] = {
        **start.terms(),
        "items": start.items(),
        "payment_behavior": "default_incomplete",
        "payment_settings": {"save_default_payment_method": "off"},
        "metadata": {**wish["metadata"], **ours(operation, **await anchor(session, consent))},
        "expand": paying.SUBSCRIPTION_EXPAND,
    }
    if method:
        params["default_payment_method"] = method.stripe_id
    if start.trial:
        params["trial_period_days"] = start.trial
        params["trial_settings"] = {"end_behavior": {"missing_payment_method": "pause"}}
    return Send("create", Request("post", "/v1/subscriptions", params))


async def _record_created(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    await _note_made(session, operation, answer.data)
    try:
        await previews.require_first(session, operation, answer.data["latest_invoice"])
    except PreviewStale as stale:
        return ending.withdraw(operation, stale)
    return _preview(operation)


async def _note_made(session: AsyncSession, operation: Operation, subscription: JSONObject) -> None:
    """From here on nobody else changes the subscription until this is over."""
    invoice = subscription["latest_invoice"]
    operation.subject = subscription["id"]
    operation.result = {
        "subscription": subscription["id"],
        "invoice": invoice["id"],
        "method": subscription["default_payment_method"],
        "due": invoice["amount_due"],
        "currency": invoice["currency"].upper(),
        "products": await products_billed(session, invoice),
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
        await _note_made(session, operation, found.data)
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
        "quote": _record_quote,
        "coupon": _record_coupon,
        "quote_next": _record_quotes,
        "create": _record_created,
        "preview": _record_preview,
        "pay": paying.record_paid,
        "settle": paying.record_settled,
        "look": paying.record_looked,
        "cancel": ending.record_canceled,
        "void": ending.record_voided,
        "voided": ending.record_voided,
    },
    charges=frozenset({"quote", "coupon", "quote_next", "create", "preview", "pay"}),
    resume=_resume,
    trace=_trace,
    is_over=paying.is_over,
    withdraw=_withdraw,
    harmless=frozenset({"quote", "coupon", "quote_next", "preview"}),
)
