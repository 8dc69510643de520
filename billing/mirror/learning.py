"""Learning of objects: lock, decide, store, derive the row. Everything within the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror import invoices
from billing.mirror.deciding import Decision, decide
from billing.mirror.expanding import is_truncated, split, unexpanded
from billing.mirror.kinds import KINDS, Kind, is_mirrored, order_of
from billing.mirror.news import Known, News
from billing.mirror.owners import NotOurs, find_owner
from billing.mirror.rows import find_row
from billing.mirror.scrubbing import scrub_fields
from billing.mirror.storing import as_known, find_locked, lock, read_again, says_nothing_new, write
from billing.stripe_gateway import Answer, JSONObject
from billing.tables import Customer, Invoice, PaymentMethod, Price, Product, Row, StripeObject


@dataclass(frozen=True)
class Learned:
    """What came of the news.

    `row` is the object's where something was written. `confirmed`: nothing was, because it is known to be just so.
    `redacted`: whether the customer is. `doubted`: whether the object is to be read again.
    """

    decision: Decision
    row: Row | None = None
    confirmed: bool = False
    redacted: bool = False
    doubted: bool = False


async def record(session: AsyncSession, answer: Answer, *, now: datetime) -> Row | None:
    """Learns an object, and whatever is expanded in it, from an answer of the API.

    The object's row; None where it is none of Assent's. Raises ParentUnknown where its customer or product was never
    seen.
    """
    data = answer.data
    try:
        learned = await learn(session, data, Known(answer.known_from, answer.known_until), now=now)
    except NotOurs:
        return None
    if is_truncated(data):
        # A list of the answer was cut at ten: the applier reads it all.
        await read_again(session, data["id"], at=now)
    return learned.row or await find_row(session, KINDS[data["object"]].table, data["id"])


async def learn(session: AsyncSession, data: JSONObject, known: Known, *, now: datetime) -> Learned:
    """Takes news of an object: writes them down where they are newer than what is known, and derives its row.

    What is expanded in it is learned too. Raises ParentUnknown (nothing of the object was written); NotOurs where it
    belongs to nobody whom Assent knows, or is of a type that is not mirrored.
    """
    if not is_mirrored(data):
        raise NotOurs(f"nothing here handles {data.get('object')} objects")
    root, parts = split(data, KINDS)
    parts = [part for part in parts if is_mirrored(part)]
    for part in sorted((part for part in parts if order_of(part) <= order_of(root)), key=order_of):
        await _learn_part(session, part, known.embedded, now)
    learned = await _learn(session, root, known, now)
    for part in sorted((part for part in parts if order_of(part) > order_of(root)), key=order_of):
        await _learn_part(session, part, known.embedded, now)
    await _ask_for_payments(session, learned, now)
    return learned


async def _ask_for_payments(session: AsyncSession, learned: Learned, now: datetime) -> None:
    """Has an invoice read again whose payment neither an event nor this answer has told of."""
    if isinstance(learned.row, Invoice):
        stored = await find_locked(session, learned.row.stripe_id)
        if stored is not None and await invoices.lacks_payment(session, stored.data):
            stored.refresh_at = now


async def _learn_part(session: AsyncSession, data: JSONObject, known: Known, now: datetime) -> None:
    news, owner = await _news(session, data, None, known)
    if not await says_nothing_new(session, news):
        await _ask_for_payments(session, await _decide(session, news, owner, now), now)


async def _learn(session: AsyncSession, data: JSONObject, known: Known, now: datetime) -> Learned:
    previous = None if known.previous is None else unexpanded(known.previous, KINDS)
    news, owner = await _news(session, data, previous, known)
    learned = await _decide(session, news, owner, now)
    if learned.decision in (Decision.APPLY, Decision.TRUST) and learned.row is None and not news.is_deletion:
        raise NotOurs(f"{news.type} {news.id} is not one of Assent's")
    return learned


async def _news(
    session: AsyncSession, data: JSONObject, previous: JSONObject | None, known: Known
) -> tuple[News, Customer | None]:
    """The news, without what is personal where the customer was redacted, and whose they are."""
    owner = await find_owner(session, data, previous)
    if data["object"] == "mandate" or is_redacted(owner):
        data, previous = scrub_fields(data, data["object"]), previous and scrub_fields(previous, data["object"])
    return News.of(data, previous, known), owner


def is_redacted(owner: Customer | None) -> bool:
    """Whether nothing personal may be kept any more."""
    return owner is not None and owner.redacted_at is not None


async def _decide(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Learned:
    stored = await lock(session, news)
    verdict = decide(as_known(stored), news)
    if verdict.decision in (Decision.SKIP, Decision.READ):
        stored.states = list(verdict.states)
        confirmed = verdict.decision is Decision.SKIP and verdict.states[-1] == news.state
        doubted = stored.refresh_at is not None
        return Learned(verdict.decision, confirmed=confirmed, redacted=is_redacted(owner), doubted=doubted)
    row = await _derive(session, KINDS[news.type], news, owner, now)
    owner = row if isinstance(row, Customer) else owner
    write(stored, news, verdict, data=_kept(stored, news, row), owner=owner, now=now)
    return Learned(verdict.decision, row, redacted=is_redacted(owner), doubted=verdict.doubted)


async def _derive(session: AsyncSession, kind: Kind, news: News, owner: Customer | None, now: datetime) -> Row | None:
    if news.is_stub:
        row = await find_row(session, kind.table, news.id)
    else:
        row = await kind.derive(session, news, owner, now)
    if row is not None and news.is_deletion:
        _bury(row, news.at)
    return row


def _bury(row: Row, at: datetime) -> None:
    """The object is gone; its row stays."""
    match row:
        case Customer() | Product() | Price():
            row.deleted_at = row.deleted_at or at
        case Invoice():
            row.status = "deleted"
        case PaymentMethod():
            row.detached_at = row.detached_at or at


def _kept(stored: StripeObject, news: News, row: Row | None) -> JSONObject:
    """Of what is not Assent's nothing but that it is there: its next event needs no reading to be skipped."""
    if news.is_stub and stored.data:
        return stored.data
    return news.data if row is not None else {"id": news.id, "object": news.type}


async def gone(session: AsyncSession, stripe_id: str, *, now: datetime) -> None:
    """Stripe answered 404 for an object that was known: it was deleted there."""
    stored = await find_locked(session, stripe_id)
    if stored is None or stored.deleted_at is not None:
        return
    stored.deleted_at, stored.refresh_at = now, None
    row = await find_row(session, KINDS[stored.type].table, stripe_id)
    if row is not None:
        _bury(row, now)
