"""What may come in: signed by Stripe, of now, of this account's mode, and with everything that its row needs."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from billing.mirror.fields import instant, nested
from billing.mirror.kinds import SUBSCRIBED_EVENTS
from billing.stripe_gateway import JSONObject, verify_signature
from billing.tables import EventSource, EventStatus, new_id

# Bytes. Stripe's events are a few thousand; a signed body is still read whole before it can be judged.
LARGEST_PAYLOAD = 1024 * 1024


class EventRefused(Exception):
    """Nothing was stored; the message is the reason."""


class NotSigned(EventRefused):
    """It is not by Stripe, not by a secret of ours, or not of now."""


class Arrival(NamedTuple):
    """An event that has arrived: the columns of its row, without what a mapped row costs (more than its insert)."""

    stripe_id: str
    id: UUID
    created_at: datetime
    type: str
    object_stripe_id: str
    api_version: str | None
    payload: str
    source: str
    received_at: datetime
    due_at: datetime
    status: str = EventStatus.RECEIVED
    attempts: int = 0


def verified(payload: bytes, signature: str | None, secrets: Sequence[str], livemode: bool, now: datetime) -> Arrival:
    """What a delivery tells. Raises EventRefused where it is not surely Stripe's, of now, and of this mode."""
    if not payload:
        raise EventRefused("The body is empty.")
    if len(payload) > LARGEST_PAYLOAD:
        raise EventRefused(f"The body has more than {LARGEST_PAYLOAD} bytes.")
    if not signature:
        raise NotSigned("The header Stripe-Signature is missing.")
    if not verify_signature(payload, signature, list(secrets), now.timestamp()):
        raise NotSigned("The signature is not valid for this body, or not of this time.")
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


def new_event(event: JSONObject, text: str, *, source: EventSource, now: datetime) -> Arrival:
    """The row of an event, due at once. Raises EventRefused where something is missing."""
    version = event.get("api_version")
    return Arrival(
        stripe_id=_word(event, "id"),
        id=new_id(),
        created_at=_second(event.get("created")),
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
