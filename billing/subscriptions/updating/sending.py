"""The change itself, with what is charged for it: decided in the transaction that stamps its sending."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import errors, mirror, payment_methods
from billing.consents import coverage
from billing.consents.invoiced import with_products
from billing.consents.locking import hold_customer
from billing.errors import BillingError, ConsentRequired, ConsentScopeExceeded, InvalidInput, Scope, StripeRejected
from billing.operations import Finish, Next, Outcome, Send, Undone, answered, stored_request
from billing.stripe_gateway import Answer, Declined, Request
from billing.subscriptions.changes import discounts, proration
from billing.subscriptions.paying import SUBSCRIPTION_EXPAND
from billing.subscriptions.revision import require_changeable
from billing.subscriptions.updating.model import (
    id_of,
    is_done,
    look,
    note,
    path_of,
    revision_of,
    row_of,
    settle,
    wish,
)
from billing.subscriptions.updating.outcome import conclude, declined, give_back_consent
from billing.subscriptions.wishes import uuid
from billing.tables import Consent, ConsentUsage, Operation, PaymentMethod, Subscription


async def send_if_covered(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """The sending.

    Raises what keeps it from being sent: ConsentRequired, ConsentScopeExceeded, InvalidTransition,
    PaymentMethodUnusable, InvalidInput.
    """
    await hold_customer(session, operation.customer_id)
    subscription = await row_of(session, operation)
    require_changeable(subscription)
    if operation.result["due_now"]:
        await _require_method(session, subscription, now)
    consent = await _require_consent(session, operation, subscription, now)
    note(operation, consent_before=str(subscription.consent_id), moved=subscription.consent_id != consent.id)
    # From here on it counts as the consent's, for whoever asks meanwhile.
    operation.consent_id = subscription.consent_id = consent.id
    session.add(subscription)
    made, wanted = operation.result, wish(operation)
    params: dict[str, Any] = {
        **({"items": made["items"]} if made["items"] else {}),
        **proration(made["items"], prorate=wanted["prorate"], at=made["at"]),
        **discounts(wanted["coupon"]),
        "payment_behavior": "pending_if_incomplete",
        "off_session": True,
        # Its invoice is known as soon as the change is: until then the operation counts, from then on the invoice.
        "expand": SUBSCRIPTION_EXPAND,
    }
    return Send("change", Request("post", path_of(operation), params))


async def _require_method(session: AsyncSession, subscription: Subscription, now: datetime) -> None:
    """Something is to be paid at once, so there must be something to pay it with."""
    statement = select(PaymentMethod).where(PaymentMethod.stripe_id == subscription.payment_method_stripe_id)
    method = (await session.exec(statement)).first()
    if method is None:
        nothing = "This subscription has no payment method, and something is due at once; name one."
        raise InvalidInput.at("input", "paymentMethodId", message=nothing)
    await payment_methods.require_usable(session, method, now)
    await payment_methods.require_saved_for(session, method, ConsentUsage.RECURRING)


async def _require_consent(
    session: AsyncSession, operation: Operation, subscription: Subscription, now: datetime
) -> Consent:
    """The named consent; else its own, else another one that goes as far."""
    made = operation.result
    needed = with_products(
        (await revision_of(session, operation)).needed_for(made["largest"]), made.get("products", [])
    )
    named = uuid(wish(operation)["consent_id"])
    try:
        return await _require(session, operation, needed, named or subscription.consent_id, now)
    except (ConsentRequired, ConsentScopeExceeded):
        if named is not None:
            raise
        return await _require(session, operation, needed, None, now)


async def _require(
    session: AsyncSession, operation: Operation, needed: Scope, consent_id: UUID | None, now: datetime
) -> Consent:
    return await coverage.require(
        session,
        customer_id=operation.customer_id,
        needed=needed,
        consent_id=consent_id,
        subscription_id=operation.node_id,
        operation_id=operation.id,
        due_now=operation.result["due_now"],
        now=now,
    )


async def resume(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """A change that may have been sent is sent again, just as it was, only while it may be; else its fate is read."""
    following = Send(operation.step or "", stored_request(operation))
    if operation.step != "change":
        return following
    try:
        await send_if_covered(session, operation, now)
    except BillingError as refusal:
        note(operation, refusal=refusal.dump())
        return look(operation, "find")
    return following


async def record_changed(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What came of it; what was found in place of a lost answer may be that nothing did."""
    await hold_customer(session, operation.customer_id)
    if isinstance(outcome, Declined):
        await give_back_consent(session, operation, now)
        return Finish(error=declined(outcome.error))
    if isinstance(outcome, StripeRejected):
        await give_back_consent(session, operation, now)
        return Undone(outcome)
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    if not is_done(operation, answer.data):
        # Under a new key, because Stripe keeps a fault for the old one or has forgotten it.
        operation.attempt += 1
        return look(operation)
    return await _follow(session, operation, answer)


async def record_found(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What became of a change that may not be sent again."""
    answer = answered(outcome)
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answer, now=now)
    if is_done(operation, answer.data):
        return await _follow(session, operation, answer)
    await give_back_consent(session, operation, now)
    return Undone(errors.load(operation.result["refusal"]))


async def _follow(session: AsyncSession, operation: Operation, answer: Answer) -> Next:
    """Where something was invoiced at once, whether that is paid."""
    latest, before = id_of(answer.data["latest_invoice"]), operation.result["latest"]
    invoice = latest if latest != before else None
    note(operation, invoice=invoice, pending=answer.data["pending_update"] is not None)
    return settle(operation) if invoice else await conclude(session, operation)
