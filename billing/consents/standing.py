"""Whether a consent still stands: one rule, for a row in hand and for SQL."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, case
from sqlmodel import col

from billing.tables import Consent


class ConsentStatus(StrEnum):
    """ACTIVE until one of the others; the customer's own word goes before the others."""

    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"
    USED = "USED"
    SUPERSEDED = "SUPERSEDED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Ending:
    """A way to stop being active: the column is set, or, `when_past`, the time in it has come."""

    status: ConsentStatus
    column: str
    when_past: bool = False

    def has_come(self, consent: Consent, now: datetime) -> bool:
        """For a row."""
        value = getattr(consent, self.column)
        return value is not None and (not self.when_past or value <= now)

    def condition(self, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """The same in SQL."""
        column = col(getattr(Consent, self.column))
        return column <= now if self.when_past else column.is_not(None)


# The first that has come is the status.
ENDINGS = (
    Ending(ConsentStatus.REVOKED, "revoked_at"),
    Ending(ConsentStatus.USED, "used_by_id"),
    Ending(ConsentStatus.SUPERSEDED, "superseded_by_id"),
    Ending(ConsentStatus.EXPIRED, "expires_at", when_past=True),
)


def status(consent: Consent, now: datetime) -> ConsentStatus:
    """How the consent stands at `now`."""
    return next((ending.status for ending in ENDINGS if ending.has_come(consent, now)), ConsentStatus.ACTIVE)


def is_active(consent: Consent, now: datetime, *, user: UUID | None = None) -> bool:
    """Whether anything may rest on it at `now`; one payment's consent still carries the operation that uses it."""
    own = user is not None and consent.used_by_id == user
    return all(own and ending.status is ConsentStatus.USED for ending in ENDINGS if ending.has_come(consent, now))


def status_expression(now: datetime | BindParameter[datetime]) -> ColumnElement[str]:
    """The status as an expression over `consents`, for selects and filters."""
    whens = [(ending.condition(now), ending.status.value) for ending in ENDINGS]
    return case(*whens, else_=ConsentStatus.ACTIVE.value)
