"""What a new subscription, or a change of one, would cost: asked at Stripe, and kept with a token."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import customers, operations, previews
from billing.callers import Caller
from billing.consents import coverage
from billing.errors import ConsentRequired, ConsentScopeExceeded, InvalidInput, PreviewStale, Scope, StripeRejected
from billing.operations import unkeyed
from billing.previews import Figures, Preview
from billing.runtime import Runtime
from billing.stripe_gateway import JSONObject, Request, StripeGateway
from billing.subscriptions.changes import (
    NOTHING_COMES,
    Billed,
    coupon_request,
    is_once,
    item_changes,
    previewed,
    second_within,
)
from billing.subscriptions.pricing import get_method
from billing.subscriptions.reading import get
from billing.subscriptions.revision import check_revision, currency_of, period_of
from billing.subscriptions.starting import check_start
from billing.subscriptions.wishes import NewSubscription, SubscriptionChange, check, require_merchant, unlisted, uuid
from billing.tables import SubscriptionPreview


class Following(Protocol):
    """Asks for what is billed next, with the coupon or, where it is used up by then, without."""

    def __call__(self, *, discounted: bool) -> Request: ...


@dataclass(frozen=True)
class _Plan:
    """What is to be asked, and what its answer is to be held against."""

    customer_id: UUID
    wish: dict[str, Any]
    first: Request
    following: Following
    needed: Scope
    currency: str
    subscription_id: UUID | None = None
    period_end: int | None = None


async def preview(runtime: Runtime, caller: Caller, wanted: NewSubscription | SubscriptionChange) -> Preview:
    """What it would cost, now and next, which consent would be missing, and the token that holds to it for an hour.

    Makes nothing at Stripe. Raises InvalidInput, NotFound, NotAllowed, InvalidTransition, ConsentRequired (an unmanaged
    one), PaymentMethodUnusable, StripeRejected, StripeUnavailable.
    """
    trial_days = wanted.trial_days if isinstance(wanted, NewSubscription) else None
    check(trial_days=trial_days, coupon=wanted.coupon)
    if caller.is_customer:
        prorate = isinstance(wanted, NewSubscription) or wanted.prorate
        require_merchant(trial_days, wanted.coupon, prorate=prorate)
    return await _preview(runtime, caller, wanted, by_customer=caller.is_customer)


async def fill_current(
    runtime: Runtime, caller: Caller, wanted: NewSubscription | SubscriptionChange, stale: PreviewStale
) -> PreviewStale:
    """The error, with a preview of the same as it would be now.

    It is the caller's own: what only the merchant may grant is shown to a customer, and not granted anew.
    """
    async with runtime.database.read() as session:
        statement = select(SubscriptionPreview).where(SubscriptionPreview.token == wanted.preview_token)
        wish = (await session.exec(statement)).one().wish
    named: dict[str, Any] = {"items": unlisted(wish["items"]) if wish["items"] else None, "coupon": wish.get("coupon")}
    if isinstance(wanted, NewSubscription):
        named["trial_days"] = wish.get("trial_days")
        named["payment_method_id"] = wanted.payment_method_id or uuid(wish.get("payment_method_id"))
    again = replace(wanted, preview_token=None, **named)
    return PreviewStale(stale.message, await _preview(runtime, caller, again, by_customer=False))


async def _preview(
    runtime: Runtime, caller: Caller, wanted: NewSubscription | SubscriptionChange, *, by_customer: bool
) -> Preview:
    if isinstance(wanted, NewSubscription):
        plan = await _plan_new(runtime, caller, wanted, by_customer=by_customer)
    else:
        plan = await _plan_change(runtime, caller, wanted, by_customer=by_customer)
    figures = await _ask(runtime.gateway, plan)
    kept = await operations.run_once(
        runtime,
        unkeyed("previewSubscription", caller, plan.wish, plan.customer_id),
        partial(_keep, caller, plan, figures),
    )
    async with runtime.database.read() as session:
        return previews.load(await session.get_one(SubscriptionPreview, kept))


async def _plan_new(runtime: Runtime, caller: Caller, wanted: NewSubscription, *, by_customer: bool) -> _Plan:
    now, wish = runtime.clock(), wanted.intent()
    async with runtime.database.read() as session:
        customer = await customers.get_live(session, caller, wanted.customer_id)
        start = await check_start(session, customer, wish, by_customer=by_customer, automatic_tax=runtime.automatic_tax)
        if wanted.payment_method_id is not None:
            await get_method(session, customer, wanted.payment_method_id, now)
    return _Plan(
        customer_id=customer.id,
        wish={name: wish.get(name) for name in ("items", "trial_days", "coupon", "payment_method_id", "consent_id")},
        first=start.previewed(now, recurring=False),
        following=partial(start.previewed, now, recurring=True),
        needed=start.needed,
        currency=start.prices[0].currency,
    )


async def _plan_change(runtime: Runtime, caller: Caller, wanted: SubscriptionChange, *, by_customer: bool) -> _Plan:
    """By the items that Stripe has now, as of the second that it is there."""
    wish = wanted.intent()
    async with runtime.database.read() as session:
        subscription = await get(session, caller, wanted.subscription_id)
        revision = await check_revision(session, subscription, wish, by_customer=by_customer)
        currency = await currency_of(session, subscription)
    there = await runtime.gateway.get(f"/v1/subscriptions/{subscription.stripe_id}")
    items = [] if revision.wanted is None else item_changes(Billed.of(there.data), revision.wanted)
    period = period_of(subscription)
    at = second_within(period, there.known_until)
    ask = partial(previewed, subscription.stripe_id, items, prorate=revision.prorate, at=at)

    def following(*, discounted: bool) -> Request:
        return ask(coupon=revision.coupon if discounted else None, recurring=True)

    return _Plan(
        customer_id=subscription.customer_id,
        wish={**{name: wish[name] for name in ("items", "coupon", "prorate")}, "at": at},
        first=ask(coupon=revision.coupon, recurring=False),
        following=following,
        needed=revision.needed,
        currency=currency,
        subscription_id=subscription.id,
        period_end=period[1],
    )


async def _ask(gateway: StripeGateway, plan: _Plan) -> Figures:
    try:
        first = await _ask_one(gateway, plan.first)
    except StripeRejected as refusal:
        if "coupon" not in (refusal.param or ""):
            raise
        raise InvalidInput.at("input", "coupon", message=refusal.message) from refusal
    read = partial(previews.read, first, currency=plan.currency, period_end=plan.period_end)
    discounted, coupon = True, plan.wish["coupon"]
    if coupon and read(None).due_now > 0:
        discounted = not is_once((await gateway.send(coupon_request(coupon))).data)
    return read(await _ask_one(gateway, plan.following(discounted=discounted)))


async def _ask_one(gateway: StripeGateway, request: Request) -> JSONObject | None:
    """None where nothing more would be billed, because it ends first."""
    try:
        return (await gateway.send(request)).data
    except StripeRejected as refusal:
        if refusal.code == NOTHING_COMES:
            return None
        raise


async def _keep(caller: Caller, plan: _Plan, figures: Figures, session: AsyncSession, now: datetime) -> UUID:
    return await previews.keep(
        session,
        party=caller.party,
        customer_id=plan.customer_id,
        subscription_id=plan.subscription_id,
        wish=plan.wish,
        figures=figures,
        missing=await _missing(session, plan, figures, now),
        now=now,
    )


async def _missing(session: AsyncSession, plan: _Plan, figures: Figures, now: datetime) -> Scope | None:
    needed = replace(plan.needed, maximum_amount=figures.largest)
    try:
        await coverage.require(
            session,
            customer_id=plan.customer_id,
            needed=needed,
            consent_id=uuid(plan.wish.get("consent_id")),
            subscription_id=plan.subscription_id,
            due_now=max(figures.due_now, 0),
            now=now,
        )
    except (ConsentRequired, ConsentScopeExceeded) as refusal:
        return refusal.required
    return None
