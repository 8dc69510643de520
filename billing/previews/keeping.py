"""Keeping previews, and holding whoever uses a token to what was previewed."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.errors import AuthenticationRequired, InvalidInput, PreviewStale, Problem, Scope
from billing.input import raise_problems
from billing.previews.figures import Figures
from billing.stripe_gateway import JSONObject
from billing.tables import Operation, OperationStatus, SubscriptionPreview

# How long a price is promised, and how long it is remembered that it was.
LIFE = timedelta(hours=1)
REMEMBERED = timedelta(days=1)

# What moves the price, and what was named besides: our names, and GraphQL's.
BOUND = {
    "items": "items",
    "trial_days": "trialDays",
    "coupon": "coupon",
    "prorate": "prorate",
    "payment_method_id": "paymentMethodId",
}
STALE = "What was previewed no longer holds; look at what it would cost now."
TAKEN = "This token is that of a call with another idempotencyKey; repeat that call, or preview it anew."


@dataclass(frozen=True)
class Preview:
    """What a change would cost. `missing` is what a consent would still have to allow; None where one does."""

    figures: Figures
    missing: Scope | None
    token: str
    expires_at: datetime


async def keep(
    session: AsyncSession,
    *,
    party: str,
    customer_id: UUID,
    subscription_id: UUID | None,
    wish: dict[str, Any],
    figures: Figures,
    missing: Scope | None,
    now: datetime,
) -> UUID:
    """Writes a preview down for an hour; what nobody can use any more of this customer's goes."""
    old = delete(SubscriptionPreview).where(
        col(SubscriptionPreview.customer_id) == customer_id, col(SubscriptionPreview.expires_at) < now - REMEMBERED
    )
    await session.exec(old)
    row = SubscriptionPreview(
        created_at=now,
        token=secrets.token_urlsafe(24),
        customer_id=customer_id,
        subscription_id=subscription_id,
        party=party,
        wish=wish,
        figures=figures.dump(),
        missing=missing.dump() if missing else None,
        expires_at=(now + LIFE).replace(microsecond=0),
    )
    session.add(row)
    await session.flush()
    return row.id


def load(row: SubscriptionPreview) -> Preview:
    """The preview as it was told."""
    missing = Scope.load(row.missing) if row.missing else None
    return Preview(Figures.load(row.figures), missing, row.token, row.expires_at)


async def find(
    session: AsyncSession, operation: Operation, *, subscription_id: UUID | None, now: datetime
) -> SubscriptionPreview | None:
    """The preview that the operation's input names, if any.

    Raises InvalidInput where it is of something else, PreviewStale where it is over.
    """
    token = operation.intent.get("preview_token")
    if token is None:
        return None
    found = (await session.exec(select(SubscriptionPreview).where(SubscriptionPreview.token == token))).first()
    if found is None or (found.customer_id, found.subscription_id) != (operation.customer_id, subscription_id):
        raise InvalidInput.at("input", "previewToken", message="This is not the token of such a preview; preview it.")
    if found.expires_at <= now:
        raise PreviewStale(STALE)
    return found


async def take(session: AsyncSession, operation: Operation) -> None:
    """Gives the token that `find` has found to this operation, as it begins, and to its repetitions.

    Raises InvalidInput where it is another's: what a key previewed, and alone may grant, is granted once. Two that
    begin with one token wait for each other at its row.
    """
    statement = select(SubscriptionPreview).where(SubscriptionPreview.token == operation.intent["preview_token"])
    again = statement.with_for_update().execution_options(populate_existing=True)
    row = (await session.exec(again)).one()
    if row.used_by_id not in (None, operation.id):
        user = await session.get(Operation, row.used_by_id, populate_existing=True)
        if user is not None and _stands(user):
            raise InvalidInput.at("input", "previewToken", message=TAKEN)
    row.used_by_id = operation.id
    session.add(row)


def _stands(operation: Operation) -> bool:
    """Whether it has made something, or may still: so has one that waits for the customer to confirm its payment."""
    waits = (operation.error or {}).get("error") == AuthenticationRequired.__name__
    return waits or operation.status not in (OperationStatus.RELEASED, OperationStatus.FAILED)


async def require_same(session: AsyncSession, operation: Operation, figures: Figures) -> None:
    """Raises PreviewStale where these are not the figures that the operation's token stands for, if it has one."""
    promised = await _promised(session, operation)
    if promised is not None and promised.price != figures.price:
        raise PreviewStale(STALE)


async def require_first(session: AsyncSession, operation: Operation, invoice: JSONObject) -> None:
    """The same of the first invoice of a subscription that was made, before anything of it is paid."""
    promised = await _promised(session, operation)
    if promised is not None and (promised.due_now, promised.billed_now) != (invoice["amount_due"], invoice["total"]):
        raise PreviewStale(STALE)


async def _promised(session: AsyncSession, operation: Operation) -> Figures | None:
    token = operation.intent.get("preview_token")
    if token is None:
        return None
    row = (await session.exec(select(SubscriptionPreview).where(SubscriptionPreview.token == token))).one()
    return Figures.load(row.figures)


def bind(intent: dict[str, Any], previewed: dict[str, Any]) -> dict[str, Any]:
    """The input with what was previewed in place of what was left out. Raises InvalidInput where the two differ."""
    raise_problems(
        [
            Problem(("input", name), "This is not what was previewed; preview it anew, or leave the token out.")
            for field, name in BOUND.items()
            if _differs(field, intent.get(field), previewed.get(field))
        ]
    )
    return {**intent, **{field: value for field, value in previewed.items() if intent.get(field) is None}}


def _differs(field: str, given: Any, previewed: Any) -> bool:
    if given is None or (field == "payment_method_id" and previewed is None):
        # What is charged does not move the price: it may be named later.
        return False
    return sorted(given) != sorted(previewed or []) if field == "items" else bool(given != previewed)
