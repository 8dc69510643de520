"""What the record of a grant says, taken from the rows: written once, and compared with them ever after."""

from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import scope
from billing.consents.ledger.chain import instant
from billing.tables import Consent, Terms


async def granted_facts(session: AsyncSession, consent: Consent, terms: Terms) -> dict[str, Any]:
    """Terms, scope, evidence (without its personal values), and which older consents gave way."""
    replaced = select(Consent.id).where(Consent.superseded_by_id == consent.id).order_by(col(Consent.id))
    return {
        "terms": {
            "id": str(terms.id),
            "slug": terms.slug,
            "locale": terms.locale,
            "version": terms.version,
            "sha256": consent.terms_sha256,
        },
        "scope": (await scope.of(session, consent)).dump(),
        "subscription": str(consent.subscription_id) if consent.subscription_id else None,
        "evidence": {
            "channel": consent.channel,
            "locale": consent.locale,
            "recorded_by": consent.recorded_by,
            "observed": consent.observed,
        },
        "expires_at": instant(consent.expires_at) if consent.expires_at else None,
        "supersedes": [str(each) for each in (await session.exec(replaced)).all()],
    }
