"""Paying the invoice with which a subscription begins, or goes on after a pause, within the consent."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.confirmation import AUTHENTICATION_CODES, wants_customer
from billing.consents import coverage
from billing.consents.carrying import needed_by
from billing.consents.invoiced import with_products
from billing.consents.locking import hold_customer
from billing.errors import (
    AuthenticationRequired,
    BillingError,
    ConsentRequired,
    ConsentScopeExceeded,
    InvalidTransition,
    PaymentDeclined,
    Scope,
    StripeRejected,
)
from billing.mirror.fields import nested
from billing.operations import Finish, Next, Outcome, Send, answered, stored_request
from billing.stripe_gateway import Answer, Declined, JSONObject, Request
from billing.subscriptions import ending
from billing.subscriptions.pricing import needed_scope
from billing.tables import ENDED, ConsentUsage, InvoicePayment, Operation, Payment, Price, Subscription

# Stripe expands four levels at most, so the payment behind the first invoice comes with the invoice alone.
INVOICE_EXPAND = ["payments.data.payment.payment_intent"]
SUBSCRIPTION_EXPAND = ["latest_invoice.payments"]

NOT_COMPLETED = StripeRejected("The payment was not completed in time.", 400, "payment_not_completed")
WAITS = "The customer has to confirm this payment with the bank; nothing was charged."


async def pay_if_covered(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """The sending of the payment, decided in the transaction that stamps it; or the withdrawal of what was begun."""
    made = operation.result
    row = await session.get(Subscription, operation.node_id, populate_existing=True)
    if row is not None and row.status in ENDED:
        ended = InvalidTransition("This subscription was ended before it was paid.", "subscription", row.id)
        return ending.withdraw(operation, ended)
    try:
        await _require_covered(session, operation, now)
    except (ConsentRequired, ConsentScopeExceeded) as refusal:
        return ending.withdraw(operation, refusal)
    if made["due"] == 0:
        return look(operation)
    params = {"payment_method": made["method"], "off_session": True, "expand": INVOICE_EXPAND}
    return Send("pay", Request("post", f"/v1/invoices/{made['invoice']}/pay", params))


async def _require_covered(session: AsyncSession, operation: Operation, now: datetime) -> None:
    """It may rest on a newer consent than it was reserved under: then it belongs to that one."""
    needed = await _needed(session, operation)
    consent = await coverage.require(
        session,
        customer_id=operation.customer_id,
        needed=needed,
        consent_id=operation.consent_id,
        operation_id=operation.id,
        subscription_id=operation.node_id,
        invoice_stripe_id=operation.result["invoice"],
        now=now,
    )
    operation.consent_id = consent.id
    made = await session.get(Subscription, operation.node_id)
    if made is not None:
        made.consent_id = consent.id
        session.add(made)


async def _needed(session: AsyncSession, operation: Operation) -> Scope:
    """What the invoice and the next one ask for, which is more exact than the prices."""
    made = operation.result
    known = with_products(await _known(session, operation), made.get("products", []))
    return replace(known, currency=made["currency"], maximum_amount=made["largest"])


async def _known(session: AsyncSession, operation: Operation) -> Scope:
    """From the prices that were asked for, or that the subscription has."""
    if "items" not in operation.intent:
        subscription = await session.get_one(Subscription, operation.node_id)
        return await needed_by(session, subscription) or Scope(ConsentUsage.RECURRING)
    ids = [UUID(price) for price, _ in operation.intent["items"]]
    found = (await session.exec(select(Price).where(col(Price.id).in_(ids)))).all()
    prices = {price.id: price for price in found}
    return needed_scope([prices[each] for each in ids], [many for _, many in operation.intent["items"]])


async def pay_again(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """A payment that may have been sent is sent again only while the consent still covers it; else its fate is read."""
    following = Send(operation.step or "", stored_request(operation))
    decided = await pay_if_covered(session, operation, now)
    return following if isinstance(decided, Send) and decided.step == "pay" else settle(operation)


async def record_paid(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What came of the payment."""
    if isinstance(outcome, Declined):
        return _declined(operation, outcome)
    if isinstance(outcome, StripeRejected):
        # Perhaps it is paid already, by the customer's own hand: the invoice tells.
        operation.result = {**operation.result, "refusal": outcome.dump()}
        return settle(operation)
    if not is_settled(outcome):
        # Not the answer to a payment, but what was found in place of one that was lost.
        return settle(operation)
    await mirror.record(session, outcome, now=now)
    return look(operation)


def is_over(operation: Operation, found: Answer) -> bool:
    """Whether the first invoice was paid, or is void. One of which nothing is due, as a trial's, is paid when made."""
    return found.data.get("status") in ("paid", "void") and operation.result.get("due") != 0


def is_settled(invoice: Answer) -> bool:
    """Whether it is paid, or its payment is still under way by itself."""
    under_way = any(each.get("status") == "processing" for each in intents(invoice))
    return invoice.data["status"] == "paid" or under_way


def intents(invoice: Answer) -> list[JSONObject]:
    """What is to pay an invoice that was read with `INVOICE_EXPAND`."""
    listed = (invoice.data.get("payments") or {}).get("data", [])
    return [each["payment"].get("payment_intent") or {} for each in listed]


def waits_for_customer(invoice: Answer) -> bool:
    """Whether only the customer can finish its payment."""
    return any(
        each.get("status") == "requires_action" or nested(each, "last_payment_error", "code") in AUTHENTICATION_CODES
        for each in intents(invoice)
    )


def give_up(operation: Operation, invoice: Answer) -> Send:
    """What follows where the client does not come back for the outcome of the payment."""
    if is_settled(invoice):
        return look(operation)
    refusal = AuthenticationRequired(WAITS) if waits_for_customer(invoice) else _last_error(invoice)
    if isinstance(refusal, AuthenticationRequired):
        operation.result = {**operation.result, "refusal": refusal.dump()}
        return settle(operation)
    return ending.withdraw(operation, refusal or NOT_COMPLETED)


def _last_error(invoice: Answer) -> BillingError | None:
    """Why its payment failed, where one did."""
    errors = (each.get("last_payment_error") for each in intents(invoice))
    return next((refusal_of(Declined(each["message"], each)) for each in errors if each), None)


def _declined(operation: Operation, declined: Declined) -> Next:
    payment = (declined.error.get("payment_intent") or {}).get("id")
    refusal = refusal_of(declined)
    operation.result = {**operation.result, "payment_intent": payment}
    if isinstance(refusal, AuthenticationRequired):
        operation.result = {**operation.result, "refusal": refusal.dump()}
        return settle(operation)
    return ending.withdraw(operation, refusal)


def refusal_of(declined: Declined) -> BillingError:
    """A decline as the error that a client is told: the customer has to confirm, or the payment was refused."""
    error = declined.error
    code = error.get("code") or error.get("decline_code") or "declined"
    if wants_customer(code, error.get("decline_code")):
        return AuthenticationRequired(WAITS)
    return PaymentDeclined(declined.message, code, error.get("decline_code"), error.get("advice_code"))


def settle(operation: Operation) -> Send:
    """Reads the invoice and its payment, after a sending that is not to be repeated."""
    path = f"/v1/invoices/{operation.result['invoice']}"
    return Send("settle", Request("get", path, {"expand": INVOICE_EXPAND}))


async def record_settled(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The invoice as it is: paid, waiting for the customer, or to be taken back."""
    answer = answered(outcome)
    # The consent may have to be looked at: its lock comes before those of the mirror, everywhere.
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answer, now=now)
    if answer.data["status"] == "paid" or isinstance(ending.kept_refusal(operation), AuthenticationRequired):
        return look(operation)
    return ending.withdraw(operation, await _why_not_paid(session, operation, now))


async def _why_not_paid(session: AsyncSession, operation: Operation, now: datetime) -> BillingError:
    if refusal := ending.kept_refusal(operation):
        return refusal
    try:
        await _require_covered(session, operation, now)
    except (ConsentRequired, ConsentScopeExceeded) as refusal_now:
        return refusal_now
    return NOT_COMPLETED


def look(operation: Operation) -> Send:
    """The last step of one that stays: the subscription as Stripe has it after the payment."""
    path = f"/v1/subscriptions/{operation.result['subscription']}"
    return Send("look", Request("get", path, {"expand": SUBSCRIPTION_EXPAND}))


async def record_looked(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The end of one that stays."""
    answer: Answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    payment_id = await find_payment(session, operation)
    result = {"payment_id": str(payment_id) if payment_id else None, "kept": True}
    refusal = ending.kept_refusal(operation)
    if isinstance(refusal, AuthenticationRequired):
        return Finish(error=AuthenticationRequired(refusal.message, payment_id), result=result)
    return Finish(result=result)


async def find_payment(session: AsyncSession, operation: Operation) -> UUID | None:
    """The payment behind the first invoice."""
    statement = (
        select(Payment.id)
        .join(InvoicePayment, col(InvoicePayment.payment_intent_stripe_id) == Payment.stripe_id)
        .where(InvoicePayment.invoice_stripe_id == operation.result["invoice"])
        .order_by(col(InvoicePayment.is_default).desc(), col(Payment.created_at).desc())
    )
    return (await session.exec(statement)).first()
