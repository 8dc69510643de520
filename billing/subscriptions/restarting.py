"""A subscription that stands still begins a new period: previewed, made, held to the consent, and paid."""

from dataclasses import replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.consents import coverage
from billing.consents.carrying import needed_by
from billing.consents.invoiced import products_billed, with_products
from billing.consents.locking import hold_customer
from billing.errors import AuthenticationRequired, ConsentRequired, ConsentScopeExceeded, Scope, StripeRejected
from billing.operations import Finish, Next, Outcome, Send, Undone, answered
from billing.stripe_gateway import Declined, JSONObject, Request
from billing.subscriptions import ending, paying
from billing.tables import Operation, Subscription


async def record_preview(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What would be billed is known: the consent decides."""
    if isinstance(outcome, StripeRejected):
        return Undone(outcome)
    bill = answered(outcome).data
    subscription = await session.get_one(Subscription, operation.node_id)
    needed = await needed_by(session, subscription)
    if needed is None:
        raise ValueError(f"subscription {subscription.id} has no items")
    largest = _largest(operation, bill, needed)
    needed = with_products(needed, await products_billed(session, bill))
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
    # Counts as the consent's for whoever asks meanwhile, until its invoice is known.
    operation.result = {**operation.result, "due_now": bill["amount_due"]}
    params = {
        "billing_cycle_anchor": {"type": "now"},
        # It stands still until it is paid (STRIPE.md 4.7).
        "payment_behavior": "resume_on_payment_success",
        "expand": paying.SUBSCRIPTION_EXPAND,
    }
    return Send("resume", Request("post", f"/v1/subscriptions/{subscription.stripe_id}/resume", params))


async def record_resumed(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Resumed already, where there was nothing to pay; or its invoice is there and is paid now."""
    if isinstance(outcome, Declined):
        operation.result = {**operation.result, "refusal": paying.refusal_of(outcome).dump()}
        return find(operation)
    if isinstance(outcome, StripeRejected):
        return Undone(outcome)
    answer = answered(outcome)
    # The consent is to be looked at: its lock comes before those of the mirror, everywhere.
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answer, now=now)
    if answer.data["status"] == "paused" and not is_billed(answer.data):
        # Looked for, and not found: it was never asked to resume.
        return Undone(StripeRejected("The subscription was not resumed.", 400, "not_resumed"))
    await note(session, operation, answer.data)
    if answer.data["status"] != "paused":
        return _see(operation, answer.data)
    if answer.data["latest_invoice"]["attempted"]:
        return _ask_why(operation)
    return await paying.pay_if_covered(session, operation, now)


def _see(operation: Operation, subscription: JSONObject) -> Send:
    """It goes on: what was paid is read with the invoice, where anything was."""
    paid = subscription["latest_invoice"]["status"] == "paid"
    return paying.settle(operation) if paid else paying.look(operation)


def _ask_why(operation: Operation) -> Send:
    """Stripe has tried to collect by itself, and could not: it is not tried a second time."""
    return Send("attempted", paying.settle(operation).request)


async def record_attempted(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The invoice whose payment failed tells why."""
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    return paying.give_up(operation, answer)


def is_billed(subscription: JSONObject) -> bool:
    """Whether there is an invoice to pay before it goes on."""
    return (subscription["latest_invoice"] or {}).get("status") == "open"


async def note(session: AsyncSession, operation: Operation, data: JSONObject) -> None:
    """Keeps what is to be paid, and that the subscription was there before."""
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
        "products": await products_billed(session, invoice),
        "largest": _largest(operation, invoice, needed),
        "stays": True,
    }


def _largest(operation: Operation, bill: JSONObject, needed: Scope | None) -> int:
    """Of what is paid now and each full period; the latter by its prices where Stripe does not reckon it."""
    full: int | None = operation.result.get("full")
    if full is None:
        full = needed.maximum_amount if needed else None
    due: int = bill["amount_due"]
    return max(due, full or 0)


def find(operation: Operation) -> Send:
    """The subscription as it is, where the resuming is not to be sent again."""
    path = f"/v1/subscriptions/{operation.subject}"
    return Send("find", Request("get", path, {"expand": paying.SUBSCRIPTION_EXPAND}))


async def record_found(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Whatever has come of it is taken back; what is resumed and paid stays."""
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    refusal = ending.kept_refusal(operation)
    if refusal is not None and not is_billed(answer.data):
        return Finish(error=refusal)
    await note(session, operation, answer.data)
    if answer.data["status"] != "paused":
        return _see(operation, answer.data)
    if isinstance(refusal, AuthenticationRequired):
        return paying.settle(operation)
    return ending.withdraw(operation, refusal or paying.NOT_COMPLETED)
