"""The consent that a charge rests on: to payments at no fixed interval, or to one payment, which uses it up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import coverage
from billing.errors import ConsentRequired, ConsentScopeExceeded, Scope
from billing.tables import Consent, ConsentUsage, Operation

# What carries charges; a RECURRING consent carries subscriptions only. The first is asked for where there is none.
USAGES = (ConsentUsage.UNSCHEDULED, ConsentUsage.ONE_TIME)


async def take(session: AsyncSession, operation: Operation, consent_id: UUID | None, now: datetime) -> Consent:
    """The active consent that allows the operation's charge, which counts against it from here on.

    The named one, or the one that took its place; else the newest that suffices. Call it in the transaction that
    reserves or sends. Raises NotFound, ConsentRequired, ConsentScopeExceeded.
    """
    consent = await _find(session, operation, consent_id, now)
    operation.consent_id = consent.id
    if consent.usage == ConsentUsage.ONE_TIME:
        consent.used_by_id = operation.id
        session.add(consent)
    return consent


async def _find(session: AsyncSession, operation: Operation, consent_id: UUID | None, now: datetime) -> Consent:
    refusals: list[ConsentRequired | ConsentScopeExceeded] = []
    for usage in USAGES:
        try:
            return await coverage.require(
                session,
                customer_id=operation.customer_id,
                needed=_needed(operation, usage),
                consent_id=consent_id,
                operation_id=operation.id,
                now=now,
            )
        except (ConsentRequired, ConsentScopeExceeded) as refusal:
            refusals.append(refusal)
    raise next((each for each in refusals if isinstance(each, ConsentScopeExceeded)), refusals[0])


def _needed(operation: Operation, usage: ConsentUsage) -> Scope:
    return Scope(usage=usage, currency=operation.intent["currency"], maximum_amount=operation.intent["amount"])


async def give_back(session: AsyncSession, operation: Operation) -> None:
    """Nothing came of the charge: a consent to one payment is as it was."""
    used = update(Consent).where(col(Consent.used_by_id) == operation.id).values(used_by_id=None)
    await session.exec(used.execution_options(synchronize_session="fetch"))
