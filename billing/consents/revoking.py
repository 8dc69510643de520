"""Taking a consent back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import CUSTOMER, Caller
from billing.consents import ledger
from billing.consents.carrying import live_subscriptions, open_setup_sessions, payments_under_way
from billing.consents.locking import hold_customer
from billing.errors import NotFound
from billing.input import check_text, raise_problems
from billing.tables import Consent, LedgerAction

LONGEST_REASON = 1000


@dataclass(frozen=True)
class Revocation:
    """Ids of what rests on the consent.

    `subscriptions` are to be stopped, open `setup_sessions` to be expired; `under_way` are payments that were sent
    before and can still succeed.
    """

    consent: Consent
    subscriptions: tuple[UUID, ...]
    setup_sessions: tuple[UUID, ...]
    under_way: tuple[UUID, ...]


async def get(session: AsyncSession, caller: Caller, consent_id: UUID | None, *path: str) -> Consent:
    """The caller's consent. Raises NotFound at `path`."""
    found = await session.get(Consent, consent_id) if consent_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such consent.", path or ("input", "consentId"))
    return found


async def revoke(
    session: AsyncSession, caller: Caller, *, consent_id: UUID | None, reason: str | None = None, now: datetime
) -> Revocation:
    """Ends the consent. One that is revoked already stays as it is, and what still rests on it is told again.

    Raises NotFound, InvalidInput.
    """
    consent = await get(session, caller, consent_id)
    raise_problems(check_text("reason", reason, longest=LONGEST_REASON) if reason is not None else [])
    await hold_customer(session, consent.customer_id)
    await session.refresh(consent)
    if consent.revoked_at is None:
        await _write(session, caller, consent, reason, now)
    return Revocation(
        consent,
        tuple(each.id for each in await live_subscriptions(session, consent)),
        await open_setup_sessions(session, [consent]),
        await payments_under_way(session, consent),
    )


async def _write(session: AsyncSession, caller: Caller, consent: Consent, reason: str | None, now: datetime) -> None:
    consent.revoked_at, consent.revocation_reason = now, reason
    facts = {
        "revoked_by": CUSTOMER if caller.is_customer else caller.name,
        "commitments": ledger.commit_personal(consent, ledger.REVOKED_WITH),
    }
    session.add(consent)
    await ledger.append(session, consent, LedgerAction.REVOKED, facts, now)
