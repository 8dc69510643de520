"""Writing the chain."""

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Consent, ConsentRecord, LedgerAction

FORMAT = 1

# The personal fields: the name in the ledger, and the column of the consent that has the value.
PERSONAL = {"ip_address": "ip_address", "user_agent": "user_agent", "reason": "revocation_reason"}
GRANTED_WITH, REVOKED_WITH = ("ip_address", "user_agent"), ("reason",)


def canonical(payload: dict[str, Any]) -> str:
    """The one way to write a record's payload down."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(payload: dict[str, Any], previous: str | None) -> str:
    """The digest of a record after the one with the digest `previous`."""
    return hashlib.sha256((canonical(payload) + (previous or "")).encode()).hexdigest()


def seal(salt: str, value: str) -> str:
    """A commitment to a personal value: it can be shown to be this one, and not be guessed without the salt."""
    return hashlib.sha256((salt + value).encode()).hexdigest()


def instant(at: datetime) -> str:
    """A time as records have it: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


async def append(
    session: AsyncSession, consent: Consent, action: LedgerAction, facts: dict[str, Any], now: datetime
) -> ConsentRecord:
    """The next record of the customer's chain. The caller holds the customer's lock."""
    last = await last_record(session, consent.customer_id)
    sequence, previous = (last.sequence + 1, last.digest) if last else (1, None)
    payload = {
        "format": FORMAT,
        "sequence": sequence,
        "action": action.value,
        "at": instant(now),
        "customer": str(consent.customer_id),
        "consent": str(consent.id),
        **facts,
    }
    record = ConsentRecord(
        created_at=now,
        customer_id=consent.customer_id,
        sequence=sequence,
        action=action.value,
        consent_id=consent.id,
        payload=payload,
        digest=digest_of(payload, previous),
        previous_digest=previous,
    )
    session.add(record)
    await session.flush()
    return record


async def last_record(session: AsyncSession, customer_id: UUID) -> ConsentRecord | None:
    """The head of the customer's chain."""
    statement = select(ConsentRecord).where(ConsentRecord.customer_id == customer_id)
    return (await session.exec(statement.order_by(col(ConsentRecord.sequence).desc()).limit(1))).first()


def commit_personal(consent: Consent, names: tuple[str, ...]) -> dict[str, str]:
    """Commitments to those of the personal values that there are; their new salts are kept with the consent."""
    present = {name: value for name in names if (value := getattr(consent, PERSONAL[name])) is not None}
    salts = {name: secrets.token_hex(16) for name in present}
    consent.salts = {**consent.salts, **salts}
    return {name: seal(salts[name], value) for name, value in present.items()}


def said_by(record: ConsentRecord) -> dict[str, Any]:
    """The record's payload; nothing where somebody put another kind of JSON in its place."""
    return record.payload if isinstance(record.payload, dict) else {}


async def list_records(session: AsyncSession, customer_id: UUID) -> list[ConsentRecord]:
    """The whole chain, first record first."""
    statement = select(ConsentRecord).where(ConsentRecord.customer_id == customer_id)
    return list((await session.exec(statement.order_by(col(ConsentRecord.sequence)))).all())
