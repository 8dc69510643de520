"""Trusted documents: what the merchant's clients may name instead of sending it, by the SHA-256 of its text."""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.errors import NotFound
from billing.signals import TRUSTED_DOCUMENTS, Signals
from billing.tables import TrustedDocument

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

# As https://graphql.github.io/graphql-over-http/draft/ has it in its appendix on persisted documents.
PREFIX = "sha256:"
IDENTIFIER = re.compile(r"[0-9a-f]{64}", re.ASCII)


def id_of(text: str) -> str:
    """The id of the document with this text, every space of it included."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse_id(given: str) -> str | None:
    """The id, with or without its prefix; None for what can be no document's."""
    bare = given.removeprefix(PREFIX)
    return bare if IDENTIFIER.fullmatch(bare) else None


async def add(session: AsyncSession, signals: Signals, documents: Iterable[tuple[str, str]], now: datetime) -> None:
    """Keeps these, each a name and a text. One that is there already stays as it is."""
    rows = {id_of(text): {"name": name, "text": text, "created_at": now} for name, text in documents}
    # In one order, in which no two commands wait for each other.
    for identifier, row in sorted(rows.items()):
        insert = INSERTS[session.get_bind().dialect.name](TrustedDocument).values(sha256=identifier, **row)
        await session.exec(insert.on_conflict_do_nothing())
    await signals.announce(session, TRUSTED_DOCUMENTS)


async def remove(session: AsyncSession, signals: Signals, given: str) -> TrustedDocument:
    """No client may name it from now on. Raises NotFound."""
    found = await find(session, parse_id(given) or "")
    if found is None:
        raise NotFound(f"There is no trusted document {given}; `assent documents list` shows them.")
    await session.exec(delete(TrustedDocument).where(col(TrustedDocument.sha256) == found.sha256))
    await signals.announce(session, TRUSTED_DOCUMENTS)
    return found


async def find(session: AsyncSession, identifier: str) -> TrustedDocument | None:
    """The document of this id."""
    return await session.get(TrustedDocument, identifier)


async def ids(session: AsyncSession) -> set[str]:
    """Of every document."""
    return set((await session.exec(select(TrustedDocument.sha256))).all())


async def fetch(session: AsyncSession, wanted: Collection[str]) -> Sequence[TrustedDocument]:
    """Those of these ids that there are."""
    return (await session.exec(select(TrustedDocument).where(col(TrustedDocument.sha256).in_(wanted)))).all()


async def list_all(session: AsyncSession) -> Sequence[TrustedDocument]:
    """Every document, oldest first."""
    statement = select(TrustedDocument).order_by(col(TrustedDocument.created_at), col(TrustedDocument.name))
    return (await session.exec(statement)).all()
