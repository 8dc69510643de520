"""Signed tokens: a customer's, for a browser or an app, and a document's address, for whoever it is given to.

Each kind has an audience of its own, so that one never passes for another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from billing.errors import InvalidInput

ALGORITHM = "HS256"
CUSTOMER, DOCUMENT = "assent:customer", "assent:document"
LONGEST_LIFE = timedelta(hours=24)
DOCUMENT_LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class Token:
    """Whom or what it opens, and until when."""

    subject: UUID
    expires_at: datetime


def issue(customer_id: UUID, secrets: Sequence[str], now: datetime, *, life: timedelta) -> tuple[str, datetime]:
    """A token that acts as this customer, and its end. Raises InvalidInput for a life that is none or over 24 hours."""
    if not timedelta(0) < life <= LONGEST_LIFE:
        longest = int(LONGEST_LIFE.total_seconds())
        raise InvalidInput.at("input", "ttlSeconds", message=f"This may be 1 to {longest} seconds.")
    return _sign(CUSTOMER, customer_id, secrets, now + life)


def read(text: str, secrets: Sequence[str], now: datetime) -> Token | None:
    """What a customer's token says; None where it is forged, over, or no such token."""
    return _read(CUSTOMER, text, secrets, now)


def issue_document(consent_id: UUID, secrets: Sequence[str], now: datetime) -> tuple[str, datetime]:
    """The last part of `/documents/<token>`, and its end in ten minutes."""
    return _sign(DOCUMENT, consent_id, secrets, now + DOCUMENT_LIFE)


def read_document(text: str, secrets: Sequence[str], now: datetime) -> Token | None:
    """Which consent's document the address opens; None where it is forged or over."""
    return _read(DOCUMENT, text, secrets, now)


def _sign(audience: str, subject: UUID, secrets: Sequence[str], end: datetime) -> tuple[str, datetime]:
    """Signed with the newest secret. A token counts whole seconds, so its end is cut to one."""
    end = end.replace(microsecond=0)
    claims = {"aud": audience, "sub": str(subject), "exp": int(end.timestamp())}
    return jwt.encode(claims, secrets[0], algorithm=ALGORITHM), end


def _read(audience: str, text: str, secrets: Sequence[str], now: datetime) -> Token | None:
    for secret in secrets:
        try:
            claims = jwt.decode(
                text,
                secret,
                algorithms=[ALGORITHM],
                audience=audience,
                # Its end is compared with the caller's `now`, below.
                options={"require": ["aud", "sub", "exp"], "verify_exp": False},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.InvalidTokenError:
            return None
        token = Token(UUID(claims["sub"]), datetime.fromtimestamp(claims["exp"], UTC))
        return token if now < token.expires_at else None
    return None
