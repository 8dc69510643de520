"""The operation that made an object: it says which row is its, and what Stripe does not know of it.

Metadata can be written by others, so it is believed only where it names an operation that fits.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.anchors import anchor
from billing.mirror.fields import nested
from billing.mirror.news import News
from billing.tables import Consent, Customer, Operation

# Stripe makes what an operation asks for within the day in which its key may be sent again; clocks differ a little.
LONGEST_CALL, MARGIN = timedelta(hours=24), timedelta(minutes=5)


async def find_origin(session: AsyncSession, news: News, owner: Customer | None, mutation: str) -> Operation | None:
    """The operation, a `mutation` for this customer, that the object's metadata name; None where there is no such."""
    operation_id = _uuid(nested(news.data, "metadata", "assent_operation"))
    operation = await session.get(Operation, operation_id) if operation_id else None
    if operation is None or operation.mutation != mutation:
        return None
    fits = operation.node_id == _uuid(nested(news.data, "metadata", "assent_id"))
    return operation if fits and operation.customer_id in (None, owner.id if owner else None) else None


async def find_maker(
    session: AsyncSession, news: News, owner: Customer | None, mutation: str, table: type[SQLModel]
) -> Operation | None:
    """The same for an object that becomes the operation's own row.

    None too where that row is another object's already: then the metadata were copied.
    """
    origin = await find_origin(session, news, owner, mutation)
    if origin is None or await session.get(table, origin.node_id) is not None:
        return None
    return origin


async def find_agreed(session: AsyncSession, news: News, owner: Customer) -> Consent | None:
    """The consent of an object whose operation was lost: it was made after a backup that has been restored since.

    Its metadata are believed where the digest is that of the customer's own ledger, and where the operation began when
    the object was made: what others copy to an object of a later day names one that was forgotten, and not lost.
    """
    named = {name: nested(news.data, "metadata", f"assent_{name}") for name in ("operation", "consent")}
    operation_id, consent_id = _uuid(named["operation"]), _uuid(named["consent"])
    if operation_id is None or consent_id is None or await session.get(Operation, operation_id) is not None:
        return None
    if not timedelta(0) <= news.created_at - _began(operation_id) + MARGIN <= LONGEST_CALL:
        return None
    consent = await session.get(Consent, consent_id)
    if consent is None or consent.customer_id != owner.id:
        return None
    fits = await anchor(session, consent)
    digest = nested(news.data, "metadata", "assent_consent_digest")
    return consent if digest == fits["assent_consent_digest"] else None


def _began(operation_id: UUID) -> datetime:
    """A UUIDv7 begins with its milliseconds."""
    return datetime.fromtimestamp((operation_id.int >> 80) / 1000, UTC)


def lost_operation(news: News) -> UUID | None:
    """The operation that the metadata name."""
    return _uuid(nested(news.data, "metadata", "assent_operation"))


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
