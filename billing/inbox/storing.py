"""Storing what has arrived, as fast as the disk commits, and no more of it at once than memory bears."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import ColumnElement, bindparam, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from billing.database import Database
from billing.inbox.arrivals import Arrival, verified
from billing.signals import EVENTS, Signals
from billing.tables import StripeEvent

log = structlog.get_logger()

# Characters of bodies that may wait for the database at once, and seconds that it has for them. Of what is refused
# Stripe makes another delivery, for three days: https://docs.stripe.com/webhooks#automatic-retries.
MOST_WAITING = 32 * 1024 * 1024
PATIENCE = 10.0

# What one event of several may be to blame for; of anything else each would only fail once more.
OF_ONE_EVENT = (DataError, IntegrityError, ProgrammingError)

TABLE = SQLModel.metadata.tables[StripeEvent.__tablename__]


class NotStored(Exception):
    """The event is not known to be durable: the database is away, slow or full. Stripe is to deliver it again."""


Waiting = tuple[Arrival, asyncio.Future[None]]


class Inbox:
    """Stores events for whoever waits; those that come at once share a commit, because a disk makes only so many.

    One of the places in `billing` that open transactions. Each commit is announced to whoever applies.
    """

    def __init__(self, database: Database, signals: Signals) -> None:
        self._database = database
        self._signals = signals
        self._waiting: list[Waiting] = []
        self._bytes = 0
        self._flusher: asyncio.Task[None] | None = None

    async def store(self, event: Arrival) -> None:
        """Returns once the event is committed, by this or an earlier delivery. Raises NotStored."""
        if self._bytes + len(event.payload) > MOST_WAITING:
            raise NotStored("Too much waits for the database already.")
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, stored))
        self._bytes += len(event.payload)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await stored

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            failure = await self._in_time(batch)
            if failure is not None:
                log.error("events could not be stored", count=len(batch), reason=type(failure).__name__)
            for event, stored in batch:
                alone = isinstance(failure, OF_ONE_EVENT) and len(batch) > 1
                _release(stored, await self._in_time([(event, stored)]) if alone else failure)
                self._bytes -= len(event.payload)

    async def _in_time(self, batch: list[Waiting]) -> Exception | None:
        """Commits; lets everybody go for whom it takes too long, and begins nothing else before it has ended."""
        commit = asyncio.create_task(self._commit([event for event, _ in batch]))  # noqa: RUF006 - waited for
        await asyncio.wait({commit}, timeout=PATIENCE)
        if commit.done():
            return commit.result()
        commit.cancel()
        while not commit.done():
            later, self._waiting = self._waiting, []
            self._bytes -= sum(len(event.payload) for event, _ in later)
            for _, stored in (*batch, *later):
                _release(stored, TimeoutError())
            await asyncio.wait({commit}, timeout=PATIENCE)
        return TimeoutError()

    async def _commit(self, events: list[Arrival]) -> Exception | None:
        try:
            async with self._database.statement() as connection:
                await insert(connection, events, self._signals.notification(EVENTS))
        except Exception as failure:  # noqa: BLE001 - whoever waits for these events gets it
            return failure
        self._signals.wake(EVENTS)
        return None


def _release(stored: asyncio.Future[None], failure: Exception | None) -> None:
    if stored.done():  # whoever waited has gone
        return
    if failure is None:
        stored.set_result(None)
    else:
        stored.set_exception(NotStored(f"The database did not store it: {type(failure).__name__}."))


async def insert(
    connection: AsyncConnection, events: Sequence[Arrival], notification: ColumnElement[Any] | None = None
) -> None:
    """Adds the events that are not there yet, by Stripe's id, in one statement, which can tell other processes too.

    In the order of these ids: two processes that are told of the same events at once never wait for each other.
    """
    ordered = sorted(events, key=attrgetter("stripe_id"))
    if connection.dialect.name != "postgresql":
        await connection.execute(_insert_rows(), [event._asdict() for event in ordered])
        return
    columns = dict(zip(Arrival._fields, map(list, zip(*ordered, strict=True)), strict=True))
    adding = _insert_arrays()
    telling = adding if notification is None else select(notification).add_cte(adding.cte("added"))
    await connection.execute(telling, columns)


@cache
def _insert_rows() -> sqlite.Insert:
    return sqlite.insert(TABLE).on_conflict_do_nothing(index_elements=["stripe_id"])


@cache
def _insert_arrays() -> postgresql.Insert:
    """One execution for any number of events, each column an array.

    One that is there already is left out beforehand: a conflict would wait for whoever is just applying the event.
    """
    arrays = [bindparam(name, type_=postgresql.ARRAY(TABLE.c[name].type)) for name in Arrival._fields]
    events = func.unnest(*arrays).table_valued(*Arrival._fields).render_derived()
    known = exists().where(TABLE.c.stripe_id == events.c.stripe_id)
    return (
        postgresql.insert(TABLE)
        .from_select(Arrival._fields, select(*events.c).where(~known))
        .on_conflict_do_nothing(index_elements=["stripe_id"])
    )


async def receive(
    inbox: Inbox, payload: bytes, signature: str | None, secrets: Sequence[str], livemode: bool, now: datetime
) -> Arrival:
    """Stores one delivery; returns what it told when that is durable. `secrets` newest first; `livemode` the account's.

    Raises EventRefused, and then nothing was stored; NotStored, and then nobody knows.
    """
    event = verified(payload, signature, secrets, livemode, now)
    await inbox.store(event)
    return event
