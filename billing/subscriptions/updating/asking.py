"""Before anything is changed: the subscription as it is, another method, and what the change would cost."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, previews
from billing.anchors import anchor
from billing.consents import coverage
from billing.consents.carrying import known_to_be_needed_by
from billing.consents.invoiced import products_billed
from billing.consents.locking import hold_customer
from billing.errors import BillingError, Conflict, NotFound, PreviewStale, Scope, StripeRejected
from billing.operations import Finish, Next, Outcome, Send, Undone, answered
from billing.stripe_gateway import Answer, Request
from billing.subscriptions.changes import NOTHING_COMES, Billed, coupon_request, is_once, item_changes, second_within
from billing.subscriptions.pricing import get_method
from billing.subscriptions.revision import currency_of, period_of, require_changeable, require_managed
from billing.subscriptions.updating.model import (
    changes_billing,
    cleared,
    id_of,
    look,
    note,
    path_of,
    quote,
    revision_of,
    row_of,
    wish,
    wish_of,
)
from billing.subscriptions.updating.sending import send_if_covered
from billing.subscriptions.wishes import uuid
from billing.tables import ConsentUsage, Operation, Subscription


async def begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    """Checks all that can be checked here, and has the subscription to itself from then on."""
    customer = await hold_customer(session, operation.customer_id)
    if customer is None:
        raise NotFound("There is no such customer.")
    operation.node_id = uuid(operation.intent["subscription_id"])
    subscription = await row_of(session, operation)
    require_managed(subscription)
    wanted = await wish_of(session, operation, subscription, now)
    if operation.intent.get("preview_token") is not None:
        await previews.take(session, operation)
    made: dict[str, Any] = {"wish": wanted}
    if method_id := uuid(wanted["payment_method_id"]):
        method = await get_method(session, customer, method_id, now)
        made["method"] = method.stripe_id if method else None
    operation.result = made
    if changes_billing(operation):
        await revision_of(session, operation)
    operation.subject = subscription.stripe_id
    if changes_billing(operation):
        return look(operation)
    return await _set(session, operation, subscription, now)


async def _set(session: AsyncSession, operation: Operation, subscription: Subscription, now: datetime) -> Next:
    """What is billed stays: its method, metadata and consent are wanted states, and nothing is charged."""
    wanted = wish(operation)
    params: dict[str, Any] = dict(_method(operation))
    metadata = cleared(wanted["metadata"])
    if consent_id := uuid(wanted["consent_id"]):
        consent = await coverage.require(
            session,
            customer_id=subscription.customer_id,
            needed=await known_to_be_needed_by(session, subscription) or Scope(ConsentUsage.RECURRING),
            consent_id=consent_id,
            subscription_id=subscription.id,
            due_now=0,
            now=now,
        )
        operation.consent_id = subscription.consent_id = consent.id
        session.add(subscription)
        metadata |= await anchor(session, consent)
    if metadata:
        params["metadata"] = metadata
    return Send("set", Request("post", path_of(operation), params))


def _method(operation: Operation) -> dict[str, Any]:
    method = operation.result.get("method")
    return {"default_payment_method": method} if method else {}


async def record_set(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The end of a change of nothing that is billed; before one of what is billed, its price is asked for."""
    if isinstance(outcome, StripeRejected):
        return Undone(outcome)
    await mirror.record(session, answered(outcome), now=now)
    return quote(operation, "quote", recurring=False) if "items" in operation.result else Finish()


async def record_look(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The subscription as it is: what has to be sent so that it becomes what is wanted."""
    answer = answered(outcome)
    await hold_customer(session, operation.customer_id)
    await mirror.record(session, answer, now=now)
    if answer.data["pending_update"]:
        # An earlier change that waits for its customer gives way to this one.
        return Send("clear", Request("post", f"/v1/invoices/{id_of(answer.data['latest_invoice'])}/void", {}))
    try:
        return await _plan(session, operation, answer, now)
    except BillingError as refusal:
        return Undone(refusal)


async def record_clear(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """The earlier change is given up, unless it is being paid right now."""
    if not isinstance(outcome, Answer) or outcome.data["status"] != "void":
        return Undone(Conflict("An earlier change of this subscription is being paid; look at it, then try again."))
    await mirror.record(session, outcome, now=now)
    return look(operation)


async def _plan(session: AsyncSession, operation: Operation, there: Answer, now: datetime) -> Next:
    data = there.data
    subscription = await row_of(session, operation)
    require_changeable(subscription)
    revision = await revision_of(session, operation)
    items = [] if revision.wanted is None else item_changes(Billed.of(data), revision.wanted)
    if not items and revision.coupon is None:
        # It is so already.
        return await _set_or_finish(session, operation, subscription, now)
    period = period_of(subscription)
    at = wish(operation).get("at") or second_within(period, there.known_until)
    if not period[0] <= at < period[1]:
        raise PreviewStale(previews.STALE)
    note(
        operation,
        items=items,
        wanted=revision.wanted,
        at=at,
        discounts=[id_of(each) for each in data["discounts"]],
        latest=id_of(data["latest_invoice"]),
    )
    if operation.result.get("method"):
        return Send("settings", Request("post", path_of(operation), _method(operation)))
    return quote(operation, "quote", recurring=False)


async def _set_or_finish(
    session: AsyncSession, operation: Operation, subscription: Subscription, now: datetime
) -> Next:
    wanted = wish(operation)
    more = operation.result.get("method") or wanted["metadata"] or wanted["consent_id"]
    return await _set(session, operation, subscription, now) if more else Finish()


async def record_quote(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What it would be billed at once."""
    if isinstance(outcome, StripeRejected) and outcome.code != NOTHING_COMES:
        return Undone(outcome)
    first = previews.told(outcome.data) if isinstance(outcome, Answer) else None
    period_end = period_of(await row_of(session, operation))[1]
    at_once = first is not None and first["created"] < period_end
    billed = answered(outcome).data if at_once else {}
    note(operation, first=first, products=await products_billed(session, billed))
    coupon = wish(operation)["coupon"]
    if coupon and at_once and first and first["amount_due"] > 0:
        return Send("coupon", coupon_request(coupon))
    return quote(operation, "quote_next", recurring=True)


async def record_coupon(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """Whether what is billed next is without it."""
    return quote(operation, "quote_next", recurring=True, discounted=not is_once(answered(outcome).data))


async def record_next(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """What it would be billed in each full period: as previewed, and within the consent, or nothing is changed."""
    if isinstance(outcome, StripeRejected) and outcome.code != NOTHING_COMES:
        return Undone(outcome)
    await hold_customer(session, operation.customer_id)
    subscription = await row_of(session, operation)
    figures = previews.read(
        operation.result["first"],
        previews.told(outcome.data) if isinstance(outcome, Answer) else None,
        currency=await currency_of(session, subscription),
        period_end=period_of(subscription)[1],
    )
    note(operation, due_now=max(figures.due_now, 0), largest=max(figures.largest, 0))
    try:
        await previews.require_same(session, operation, figures)
        return await send_if_covered(session, operation, now)
    except BillingError as refusal:
        return Undone(refusal)
