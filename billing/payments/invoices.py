"""Paying an open invoice at once, within the consent that its subscription rests on.

Stripe pays an invoice once, whoever asks; what came of asking is read from the invoice and the payment behind it, which
is kept: a declined invoice stays open for another try, by Stripe, by the customer, or with another method.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import errors, limits, mirror, operations
from billing.callers import Caller
from billing.consents import coverage
from billing.consents.invoiced import needed_for
from billing.errors import (
    AuthenticationRequired,
    BillingError,
    ConsentRequired,
    ConsentScopeExceeded,
    InvalidTransition,
    NotAllowed,
    NotFound,
    PaymentDeclined,
    Scope,
    StripeRejected,
)
from billing.input import check_key, raise_problems
from billing.money import Money
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, Undone, answered
from billing.payments.methods import get_method
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Declined, Request
from billing.subscriptions import paying
from billing.tables import Hold, Invoice, InvoicePayment, Operation, Payment, Subscription

PAYABLE = ("open", "uncollectible")


@dataclass(frozen=True)
class Paid:
    """What came of it. With an error the invoice is open as before."""

    invoice_id: UUID
    payment_id: UUID | None
    error: BillingError | None


async def get(session: AsyncSession, caller: Caller, invoice_id: UUID | None, *path: str) -> Invoice:
    """The caller's invoice. Raises NotFound at `path`."""
    found = await session.get(Invoice, invoice_id) if invoice_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such invoice.", path or ("input", "invoiceId"))
    return found


async def pay(
    runtime: Runtime, caller: Caller, invoice_id: UUID | None, method_id: UUID | None, *, idempotency_key: str
) -> Paid:
    """Pays it with the named method, else with its subscription's, else with the customer's default one.

    One that is paid already is a success and calls nothing. In `Paid.error`: PaymentDeclined, AuthenticationRequired.
    Raises InvalidInput, NotFound, NotAllowed (no managed subscription's), InvalidTransition, ConsentRequired (held, or
    without a consent), ConsentScopeExceeded, PaymentMethodUnusable, PaymentMethodLimit, IdempotencyMismatch, Conflict,
    StripeRejected, StripeUnavailable.
    """
    raise_problems(check_key(idempotency_key))
    async with runtime.database.read() as session:
        invoice = await get(session, caller, invoice_id)
        intent = {"invoice_id": str(invoice.id), "payment_method_id": str(method_id) if method_id else None}
        call = Call("payInvoice", caller, idempotency_key, intent, invoice.customer_id)
        if invoice.status in PAYABLE and not await operations.is_begun(session, call):
            method = await get_method(
                session, await _managed(session, invoice), intent["payment_method_id"], runtime.clock()
            )
            due = Money(invoice.amount_due, invoice.currency)
            await limits.require(session, runtime.limits, method, due, runtime.clock())
    operation = await operations.run(runtime, PAY, call)
    payment = operation.result.get("payment_id")
    return Paid(invoice.id, UUID(payment) if payment else None, operations.failure(operation))


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    invoice = await session.get_one(Invoice, UUID(operation.intent["invoice_id"]))
    operation.node_id, operation.subject = invoice.id, invoice.stripe_id
    if invoice.status == "paid":
        return await _finish(session, operation)
    subscription = await _managed(session, invoice)
    await _require_payable(session, operation, invoice, subscription, now)
    method = await get_method(session, subscription, operation.intent["payment_method_id"], now)
    params = {"payment_method": method.stripe_id, "off_session": True, "expand": paying.INVOICE_EXPAND}
    return Send("pay", Request("post", f"/v1/invoices/{invoice.stripe_id}/pay", params))


async def _managed(session: AsyncSession, invoice: Invoice) -> Subscription:
    statement = select(Subscription).where(
        Subscription.stripe_id == invoice.subscription_stripe_id, col(Subscription.managed).is_(True)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise NotAllowed("Assent pays what it manages: adopt the subscription, or send the customer to the hostedUrl.")
    return found


async def _require_payable(
    session: AsyncSession, operation: Operation, invoice: Invoice, subscription: Subscription, now: datetime
) -> None:
    """Raises what keeps it from being paid now, but for the method."""
    needed = await needed_for(session, subscription, invoice)
    held = select(Hold).where(Hold.invoice_stripe_id == invoice.stripe_id, col(Hold.ended_at).is_(None))
    hold = (await session.exec(held)).first()
    if hold is not None and hold.reason in ("CONSENT_REQUIRED", "CONSENT_SCOPE_EXCEEDED"):
        raise ConsentRequired(hold.message, Scope.load(hold.required) if hold.required else needed)
    if invoice.status not in PAYABLE:
        raise InvalidTransition(f"This invoice cannot be paid: it is {invoice.status}.", "invoice", invoice.id)
    consent = await coverage.require(
        session,
        customer_id=invoice.customer_id,
        needed=needed,
        consent_id=subscription.consent_id,
        subscription_id=subscription.id,
        operation_id=operation.id,
        invoice_stripe_id=invoice.stripe_id,
        now=now,
    )
    operation.consent_id = consent.id


async def _resume(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """A payment that may have been sent is sent again only while the consent covers it; else its fate is read."""
    following = Send(operation.step or "", operations.stored_request(operation))
    if operation.step != "pay":
        return following
    invoice = await session.get_one(Invoice, operation.node_id, populate_existing=True)
    try:
        await _require_payable(session, operation, invoice, await _managed(session, invoice), now)
    except (ConsentRequired, ConsentScopeExceeded, InvalidTransition):
        return _look(operation)
    return following


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What Stripe answered to the payment, or has of the invoice."""
    if isinstance(outcome, Declined):
        operation.result = {"refusal": paying.refusal_of(outcome).dump()}
        return _look(operation)
    if isinstance(outcome, StripeRejected) and outcome.http_status == 400:
        # Perhaps it is paid already, by the customer's own hand: the invoice tells.
        operation.result = {"refusal": outcome.dump()}
        return _look(operation)
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    return await _finish(session, operation) if paying.is_settled(answer) else _look(operation)


def _look(operation: Operation) -> Send:
    path = f"/v1/invoices/{operation.subject}"
    return Send("look", Request("get", path, {"expand": paying.INVOICE_EXPAND}))


async def _record_looked(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer: Answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    if paying.is_settled(answer):
        return await _finish(session, operation)
    refusal = errors.load(operation.result["refusal"]) if operation.result else None
    # What is left of earlier tries on the invoice says nothing about this one.
    if refusal is None or isinstance(refusal, StripeRejected):
        return Undone(refusal or paying.NOT_COMPLETED)
    return await _finish(session, operation, refusal)


async def _finish(session: AsyncSession, operation: Operation, refusal: BillingError | None = None) -> Finish:
    payment_id = await _find_payment(session, operation)
    if isinstance(refusal, PaymentDeclined | AuthenticationRequired):
        refusal = replace(refusal, payment_id=payment_id)
    return Finish(error=refusal, result={"payment_id": str(payment_id) if payment_id else None})


async def _find_payment(session: AsyncSession, operation: Operation) -> UUID | None:
    """The payment behind the invoice."""
    statement = (
        select(Payment.id)
        .join(InvoicePayment, col(InvoicePayment.payment_intent_stripe_id) == Payment.stripe_id)
        .where(InvoicePayment.invoice_stripe_id == operation.subject)
        .order_by(col(InvoicePayment.is_default).desc(), col(Payment.created_at).desc())
    )
    return (await session.exec(statement)).first()


async def _withdraw(session: AsyncSession, operation: Operation, found: Answer, now: datetime) -> Next | None:
    """Nobody continues it, and it is not paid: what is known of the last try is its outcome."""
    return _look(operation)


def _trace(operation: Operation) -> Request:
    return _look(operation).request


PAY = Procedure(
    "payInvoice",
    _begin,
    {"pay": _record, "look": _record_looked},
    charges=frozenset({"pay"}),
    resume=_resume,
    trace=_trace,
    withdraw=_withdraw,
)
