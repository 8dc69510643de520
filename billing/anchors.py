"""Anchors: what ties an object at Stripe to the consent that it rests on.

A hash chain in one database proves little against that database's owner; its digests in Stripe's metadata do.
"""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Consent, ConsentRecord, LedgerAction


async def anchor(session: AsyncSession, consent: Consent) -> dict[str, str]:
    """The metadata that names the consent, its customer, and the digest of the record that granted it."""
    statement = select(ConsentRecord.digest).where(
        ConsentRecord.consent_id == consent.id, ConsentRecord.action == LedgerAction.GRANTED
    )
    digest = (await session.exec(statement)).one()
    return {
        "assent_customer": str(consent.customer_id),
        "assent_consent": str(consent.id),
        "assent_consent_digest": digest,
    }
