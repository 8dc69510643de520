"""The receipt: a consent as a document that a customer, a merchant or a bank can read and check."""

import asyncio
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import paper
from billing.consents.receipt import sections
from billing.consents.receipt.gathering import Evidence, gather
from billing.consents.receipt.words import instant
from billing.consents.standing import ConsentStatus, status
from billing.tables import Consent

__all__ = ["gather", "render", "write"]


async def render(session: AsyncSession, consent_id: UUID, now: datetime) -> bytes:
    """The agreement as a PDF: who agreed to which text, when, from where, how far it goes, and what proves it.

    Then what has happened since, and what was charged under it. The same bytes for the same state, so that a hash of it
    can be promised. Raises NoResultFound for an unknown one.
    """
    return await write(await gather(session, consent_id), now)


async def write(evidence: Evidence, now: datetime) -> bytes:
    """The same of what was gathered: half a second of computing, in which others have use for the session."""
    return await asyncio.to_thread(paper.print_document, _compose(evidence, now))


def _compose(evidence: Evidence, now: datetime) -> paper.Document:
    consent, terms = evidence.consent, evidence.terms
    told = (
        sections.who(evidence),
        sections.allowed(evidence),
        sections.text(terms),
        sections.since(evidence, now),
        sections.charged(evidence),
        sections.proof(evidence),
    )
    return paper.Document(
        title=terms.title,
        subtitle=f"Record of consent, {instant(consent.created_at)}",
        stamp=_stamp(consent, now),
        created_at=evidence.latest.created_at,
        footer=f"Consent {consent.id}",
        sections=tuple(each for each in told if each is not None),
    )


def _stamp(consent: Consent, now: datetime) -> paper.Stamp:
    standing = status(consent, now)
    if standing == ConsentStatus.REVOKED and consent.revoked_at:
        return paper.Stamp("REVOKED", instant(consent.revoked_at), paper.RED)
    if standing == ConsentStatus.EXPIRED and consent.expires_at:
        return paper.Stamp("EXPIRED", instant(consent.expires_at), paper.RED)
    if standing == ConsentStatus.SUPERSEDED:
        return paper.Stamp("SUPERSEDED", "by a newer consent", paper.GREY)
    if standing == ConsentStatus.USED:
        return paper.Stamp("USED", "by the one payment that it allowed", paper.GREY)
    return paper.Stamp("ACTIVE", "neither revoked nor expired", paper.GREEN)
