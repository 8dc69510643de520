"""Stripe's objects as stored: one row each, locked while news of it are decided on."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from billing.mirror.deciding import Decision, Stored, Verdict, decide_hint, seconds
from billing.mirror.news import News
from billing.stripe_gateway import JSONObject
from billing.tables import Customer, StripeObject

# Nothing is known yet of an object that was only just given a row to lock.
NEVER = -1

# A second of Stripe's, and one more because its clock is not ours.
ONE_SECOND_OVER = timedelta(seconds=2)

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


async def lock(session: AsyncSession, news: News) -> StripeObject:
    """The stored object, held until the end of the transaction; made where the object was never seen.

    Two transactions that see it first at once do not collide: the later one waits, and finds what the other wrote.
    """
    found = await find_locked(session, news.id)
    if found is not None:
        return found
    empty = {
        "stripe_id": news.id,
        "type": news.type,
        "data": {},
        "states": [],
        "known_from": NEVER,
        "known_until": NEVER,
    }
    insert = INSERTS[session.get_bind().dialect.name]
    await session.exec(insert(StripeObject).values(**empty).on_conflict_do_nothing(index_elements=["stripe_id"]))
    return (await session.exec(_locking(news.id))).one()


async def find_locked(session: AsyncSession, stripe_id: str) -> StripeObject | None:
    """The same where it was seen before."""
    return (await session.exec(_locking(stripe_id))).first()


def _locking(stripe_id: str) -> SelectOfScalar[StripeObject]:
    statement = select(StripeObject).where(StripeObject.stripe_id == stripe_id).with_for_update()
    # What this session read before it had the lock may be old.
    return statement.execution_options(populate_existing=True)


async def says_nothing_new(session: AsyncSession, news: News) -> bool:
    """Whether the object is stored in this very state; it is not locked for that."""
    columns = select(StripeObject.states).where(StripeObject.stripe_id == news.id)
    states = (await session.exec(columns)).first() or []
    return states[-1:] == [news.state]


async def read_again(session: AsyncSession, stripe_id: str, *, at: datetime | None) -> None:
    """Orders the object to be read at Stripe at this time; None takes the order back."""
    stored = await find_locked(session, stripe_id)
    if stored is not None:
        stored.refresh_at = at


async def tells_nothing_more(session: AsyncSession, stripe_id: str, second: int) -> bool:
    """Whether what is stored is later than this second, or all that there will ever be."""
    found = await find_locked(session, stripe_id)
    return found is not None and decide_hint(as_known(found), second) is Decision.SKIP


def as_known(found: StripeObject) -> Stored | None:
    """What there is to decide by; None for an object never seen."""
    if not found.states:
        return None
    return Stored(
        data=found.data,
        known_from=found.known_from,
        known_until=found.known_until,
        states=tuple(found.states),
        event_id=found.event_id,
        event_type=found.event_type,
        deleted=found.deleted_at is not None,
        doubted=found.refresh_at is not None,
    )


def write(
    found: StripeObject, news: News, verdict: Verdict, *, data: JSONObject, owner: Customer | None, now: datetime
) -> None:
    """Replaces what was known by the news; `data` is as much of them as may be kept."""
    known = news.known
    found.known_from, found.known_until = seconds(as_known(found), news)
    found.data, found.states = data, list(verdict.states)
    found.event_id, found.event_type = known.event_id, known.event_type
    found.customer_stripe_id = owner.stripe_id if owner else found.customer_stripe_id
    found.deleted_at = news.at if news.is_deletion else None
    found.refresh_at = now + ONE_SECOND_OVER if verdict.doubted else None
