"""The inbox: Stripe's events, verified and stored before anything else happens. What follows is the applier's work."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.database import Database
from billing.mirror.fields import instant, nested
from billing.mirror.kinds import SUBSCRIBED_EVENTS
from billing.signals import EVENTS, Signals
from billing.stripe_gateway import JSONObject, verify_signature
from billing.tables import EventSource, StripeEvent

log = structlog.get_logger()

# Bytes. Stripe's events are a few thousand; a signed body is still read whole before it can be judged.
LARGEST_PAYLOAD = 1024 * 1024

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class EventRefused(Exception):
    """Nothing was stored; the message is the reason."""


class Inbox:
    """Stores events for whoever waits; those that come at once share a commit, because a disk makes only so many.

    One of the three places in `billing` that open transactions. Each commit is announced to whoever applies.
    """

    def __init__(self, database: Database, signals: Signals) -> None:
        self._database = database
        self._signals = signals
        self._waiting: list[tuple[StripeEvent, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def store(self, event: StripeEvent) -> None:
        """Returns once the event is committed, by this or an earlier delivery. Raises what its insert failed with."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, stored))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await stored

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            failure = await self._commit([event for event, _ in batch])
            if failure is not None:
                log.error("events could not be stored", count=len(batch), reason=type(failure).__name__)
            for event, stored in batch:
                # One of several may be to blame: each on its own.
                alone = failure is not None and len(batch) > 1
                _release(stored, await self._commit([event]) if alone else failure)

    async def _commit(self, events: list[StripeEvent]) -> Exception | None:
        try:
            async with self._database.transaction() as session:
                await insert(session, events)
                await self._signals.announce(session, EVENTS)
        except Exception as failure:  # noqa: BLE001 - whoever waits for these events gets it
            return failure
        return None


def _release(stored: asyncio.Future[None], failure: Exception | None) -> None:
    if stored.done():  # whoever waited has gone
        return
    if failure is None:
        stored.set_result(None)
    else:
        stored.set_exception(failure)


async def insert(session: AsyncSession, events: Sequence[StripeEvent]) -> None:
    """Adds the events that are not there yet, by Stripe's id."""
    statement = INSERTS[session.get_bind().dialect.name](StripeEvent).on_conflict_do_nothing(
        index_elements=["stripe_id"]
    )
    await session.exec(statement, params=[event.model_dump() for event in events])


async def receive(
    inbox: Inbox, payload: bytes, signature: str | None, secrets: Sequence[str], livemode: bool, now: datetime
) -> StripeEvent:
    """Stores one delivery; returns what it told when that is durable. `secrets` newest first; `livemode` the account's.

    Raises EventRefused, and then nothing was stored.
    """
    event = _verified(payload, signature, secrets, livemode, now)
    await inbox.store(event)
    return event


def _verified(
    payload: bytes, signature: str | None, secrets: Sequence[str], livemode: bool, now: datetime
) -> StripeEvent:
    if not payload:
        raise EventRefused("The body is empty.")
    if len(payload) > LARGEST_PAYLOAD:
        raise EventRefused(f"The body has more than {LARGEST_PAYLOAD} bytes.")
    if not signature:
        raise EventRefused("The header Stripe-Signature is missing.")
    if not verify_signature(payload, signature, list(secrets), now.timestamp()):
        raise EventRefused("The signature is not valid for this body, or not of this time.")
    text, event = _parse(payload)
    if event.get("livemode") is not livemode:
        raise EventRefused("The event is of the other mode (test or live) than this account's key.")
    return new_event(event, text, source=EventSource.WEBHOOK, now=now)


def _parse(payload: bytes) -> tuple[str, JSONObject]:
    try:
        text = payload.decode()
        event = json.loads(text)
    except UnicodeDecodeError as error:
        raise EventRefused("The body is not UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise EventRefused("The body is not JSON.") from error
    if not isinstance(event, dict) or event.get("object") != "event":
        raise EventRefused("The body is not an event of Stripe's.")
    return text, event


def new_event(event: JSONObject, text: str, *, source: EventSource, now: datetime) -> StripeEvent:
    """The row of an event, due at once. Raises EventRefused where something is missing."""
    version = event.get("api_version")
    return StripeEvent(
        created_at=_second(event.get("created")),
        stripe_id=_word(event, "id"),
        type=_word(event, "type"),
        object_stripe_id=_object_id(event),
        api_version=version if isinstance(version, str) else None,
        payload=text,
        source=source,
        received_at=now,
        due_at=now,
    )


def _object_id(event: JSONObject) -> str:
    """Empty for what has none and what nobody here handles: a balance, an upcoming invoice."""
    thing = nested(event, "data", "object")
    if not isinstance(thing, dict):
        raise EventRefused("The event has no object.")
    if "id" not in thing and event.get("type") not in SUBSCRIBED_EVENTS:
        return ""
    return _word(thing, "id")


def _word(holder: JSONObject, name: str) -> str:
    """A value that is an id or a type."""
    value = holder.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 255 or not (value.isascii() and value.isprintable()):
        raise EventRefused(f"The event has no {name}.")
    return value


def _second(created: object) -> datetime:
    if type(created) is not int:
        raise EventRefused("The event has no created.")
    try:
        return instant(created)
    except (ValueError, OverflowError, OSError) as error:
        raise EventRefused("The event's created is not a time.") from error
