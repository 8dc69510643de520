"""A merchant's API keys: shown once, kept as a hash."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import ASSENT, CUSTOMER
from billing.errors import Conflict, InvalidInput, NotFound
from billing.input import check_text, raise_problems
from billing.settings import Environment
from billing.signals import KEYS, Signals
from billing.tables import ApiKey, KeyScope

PREFIX = "ak_"
LONGEST_NAME = 100


async def create(
    session: AsyncSession, name: str, scope: KeyScope, now: datetime, *, environment: Environment
) -> tuple[ApiKey, str]:
    """A new key, and its text, which is not kept. Raises Conflict, InvalidInput for a name that is taken, or none."""
    raise_problems(check_text("name", name, longest=LONGEST_NAME))
    if name in (ASSENT, CUSTOMER):
        raise InvalidInput.at("name", message=f"{name} stands for somebody else in the records; choose another name.")
    if await find(session, name) is not None:
        raise Conflict(f"There is a key called {name} already; choose another name.")
    text = f"{PREFIX}{environment}_{secrets.token_urlsafe(32)}"
    key = ApiKey(name=name, scope=scope, sha256=_sha256(text), created_at=now)
    session.add(key)
    await session.flush()
    return key, text


async def verify(session: AsyncSession, text: str) -> ApiKey | None:
    """The key with this text, unless it is revoked."""
    digest = _sha256(text)
    key = (await session.exec(select(ApiKey).where(ApiKey.sha256 == digest))).first()
    # The database compares hashes, not secrets; this closes what its index might tell by its time.
    if key is None or not hmac.compare_digest(key.sha256, digest) or key.revoked_at is not None:
        return None
    return key


async def is_active(session: AsyncSession, key_id: UUID) -> bool:
    """Whether the key still opens anything."""
    key = await session.get(ApiKey, key_id)
    return key is not None and key.revoked_at is None


def stands(key_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """The same for a statement that reads in the name of a key: as one of its columns; true without a key."""
    columns: Any = ApiKey
    return or_(key_id.is_(None), exists().where(columns.id == key_id, columns.revoked_at.is_(None)))


async def find(session: AsyncSession, name: str) -> ApiKey | None:
    """The key of this name, revoked or not."""
    return (await session.exec(select(ApiKey).where(ApiKey.name == name))).first()


async def list_all(session: AsyncSession) -> Sequence[ApiKey]:
    """Every key, oldest first."""
    return (await session.exec(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id))).all()  # type: ignore[arg-type]


async def revoke(session: AsyncSession, signals: Signals, name: str, now: datetime) -> ApiKey:
    """From now on the key opens nothing; its name stays taken, because records refer to it. Raises NotFound."""
    key = await find(session, name)
    if key is None:
        raise NotFound(f"There is no key called {name}.")
    key.revoked_at = key.revoked_at or now
    session.add(key)
    await signals.announce(session, KEYS)
    return key


def _sha256(text: str) -> str:
    """A fast hash is the right one here: what it keeps is 256 random bits, and not a password that could be guessed.

    A slow one would protect nothing more, and would cost every request what it is meant to cost an attacker.
    """
    return hashlib.sha256(text.encode()).hexdigest()
