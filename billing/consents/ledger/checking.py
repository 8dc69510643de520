"""Recomputing a customer's chain, and comparing it with the rows that it speaks of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents.ledger.chain import PERSONAL, digest_of, instant, list_records, said_by, seal
from billing.consents.ledger.facts import granted_facts
from billing.tables import Consent, ConsentRecord, LedgerAction, Terms
from billing.terms import says_what_it_hashes

# What a grant says, in words.
NAMES = {
    "terms": "terms",
    "scope": "scope",
    "subscription": "subscription",
    "evidence": "evidence",
    "expires_at": "expiry",
    "supersedes": "list of superseded consents",
}


@dataclass(frozen=True)
class Break:
    """One thing that is not as it was written. `what` is a sentence."""

    consent_id: UUID
    what: str


@dataclass(frozen=True)
class LedgerState:
    """`head` is the last digest; `broken_at` the first consent with a break, and `what` says which."""

    length: int
    head: str | None
    intact: bool
    broken_at: UUID | None = None
    what: str | None = None


@dataclass
class Told:
    """What the records of one consent say together."""

    payloads: dict[str, dict[str, Any]] = field(default_factory=dict)
    commitments: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    """Personal fields whose values a redaction took."""

    def hear(self, record: ConsentRecord) -> None:
        """Takes in the next record."""
        said = said_by(record)
        self.payloads[record.action] = said
        made = said.get("commitments") or {}
        self.commitments |= made
        self.removed -= made.keys()
        if record.action == LedgerAction.REDACTED:
            self.removed |= self.commitments.keys()


async def verify(session: AsyncSession, customer_id: UUID) -> LedgerState:
    """Recomputes everything that the customer's chain says."""
    records = await list_records(session, customer_id)
    breaks = await find_breaks(session, customer_id, records)
    head = records[-1].digest if records else None
    if not breaks:
        return LedgerState(len(records), head, intact=True)
    return LedgerState(len(records), head, intact=False, broken_at=breaks[0].consent_id, what=breaks[0].what)


async def find_breaks(session: AsyncSession, customer_id: UUID, records: list[ConsentRecord]) -> list[Break]:
    """Every break: those in the chain, then those in the rows that it speaks of, each in order."""
    breaks = list(_check_chain(records))
    told: dict[UUID, Told] = {}
    for record in records:
        told.setdefault(record.consent_id, Told()).hear(record)
    statement = select(Consent).where(Consent.customer_id == customer_id)
    ordered = statement.order_by(col(Consent.created_at), col(Consent.id))
    for consent in (await session.exec(ordered)).all():
        said = await _check_consent(session, consent, told.pop(consent.id, Told()))
        breaks += [Break(consent.id, what) for what in said]
    return breaks + [Break(each, "The consent itself is missing.") for each in told]


def _check_chain(records: list[ConsentRecord]) -> Iterator[Break]:
    expected, previous = 1, None
    for record in records:
        number = record.sequence
        if number != expected:
            yield Break(record.consent_id, f"Before record {number} at least one is missing, from {expected} on.")
        elif record.previous_digest != previous:
            yield Break(record.consent_id, f"Record {number} does not follow the record before it.")
        if digest_of(record.payload, record.previous_digest) != record.digest:
            yield Break(record.consent_id, f"Record {number} says something else than when it was written.")
        elif not _shows_its_payload(record):
            yield Break(record.consent_id, f"Record {number} is filed under something else than what it says.")
        expected, previous = number + 1, record.digest


def _shows_its_payload(record: ConsentRecord) -> bool:
    """Whether the columns beside the payload repeat it."""
    shown = {
        "sequence": record.sequence,
        "action": record.action,
        "at": instant(record.created_at),
        "customer": str(record.customer_id),
        "consent": str(record.consent_id),
    }
    return shown.items() <= said_by(record).items()


async def _check_consent(session: AsyncSession, consent: Consent, told: Told) -> list[str]:
    """What is wrong with one consent, in sentences."""
    granted = told.payloads.get(LedgerAction.GRANTED)
    if granted is None:
        return ["There is no record of its grant."]
    agreed = await session.get_one(Terms, consent.terms_id)
    facts = await granted_facts(session, consent, agreed)
    found = [f"Its {NAMES[name]} is not as recorded." for name, fact in facts.items() if granted.get(name) != fact]
    if not says_what_it_hashes(agreed) or agreed.sha256 != consent.terms_sha256:
        found.append("The text of its terms is not the one that was agreed to.")
    if granted.get("at") != instant(consent.created_at):
        found.append("It was not granted at the time that it shows.")
    return found + _check_revocation(consent, told) + _check_personal(consent, told)


def _check_revocation(consent: Consent, told: Told) -> list[str]:
    recorded = told.payloads.get(LedgerAction.REVOKED, {}).get("at")
    shown = instant(consent.revoked_at) if consent.revoked_at else None
    return [] if recorded == shown else ["Whether and when it was revoked is not as recorded."]


def _check_personal(consent: Consent, told: Told) -> list[str]:
    found = []
    for name, column in PERSONAL.items():
        value, sealed = getattr(consent, column), told.commitments.get(name)
        if value is not None and (sealed is None or seal(consent.salts.get(name, ""), value) != sealed):
            found.append(f"Its {column} is not the one that was recorded.")
        elif value is None and sealed is not None and name not in told.removed:
            found.append(f"Its {column} was removed, and not by a redaction.")
    return found
