"""Terms, the consents given to them, and the ledger that proves both."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from billing.tables.base import JSON, Identifier, Row, one_of


class ConsentUsage(StrEnum):
    """What kind of payments a consent allows."""

    ONE_TIME = "ONE_TIME"
    RECURRING = "RECURRING"
    UNSCHEDULED = "UNSCHEDULED"


class ConsentChannel(StrEnum):
    """Where the customer agreed."""

    WEB = "WEB"
    MOBILE_APP = "MOBILE_APP"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    IN_PERSON = "IN_PERSON"
    OTHER = "OTHER"


class IntervalUnit(StrEnum):
    """Stripe's own words for the units of a billing interval."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class LedgerAction(StrEnum):
    """What a record of the ledger says."""

    GRANTED = "GRANTED"
    REVOKED = "REVOKED"
    REDACTED = "REDACTED"


class Terms(Row, table=True):
    """One immutable version of a text; the current one is the highest version of its (slug, locale)."""

    __tablename__ = "terms"
    __table_args__ = (
        UniqueConstraint("slug", "locale", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("usage <> 'RECURRING' OR cancellation_policy IS NOT NULL", name="cancellation_policy"),
        one_of("usage", ConsentUsage),
    )

    slug: str
    locale: str
    version: int
    title: str
    permission: str
    timing: str
    amount_determination: str
    cancellation_policy: str | None = None
    usage: str
    body: str
    sha256: str


class Consent(Row, table=True):
    """What one customer allowed; `created_at` is when. Its truth is in `consent_records`; this row is for reading."""

    __tablename__ = "consents"
    __table_args__ = (
        Index(None, "customer_id", "created_at", "id"),
        one_of("usage", ConsentUsage),
        one_of("channel", ConsentChannel),
        CheckConstraint("(usage = 'RECURRING') = (interval_unit IS NOT NULL)", name="interval"),
        CheckConstraint("maximum_subscriptions >= 1", name="maximum_subscriptions"),
        CheckConstraint("maximum_amount > 0 AND monthly_maximum > 0", name="maxima"),
    )

    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    terms_id: UUID = Field(foreign_key="terms.id", index=True, sa_type=Identifier)
    terms_sha256: str

    usage: str
    interval_unit: str | None = None
    interval_count: int | None = None
    currency: str | None = None
    """Capitals; both maxima are in it, in its smallest unit."""
    maximum_amount: int | None = Field(default=None, sa_type=BigInteger)
    monthly_maximum: int | None = Field(default=None, sa_type=BigInteger)
    maximum_subscriptions: int = 1
    subscription_id: UUID | None = Field(default=None, index=True, sa_type=Identifier)
    """The subscription that it names, if any."""

    ip_address: str | None = None
    user_agent: str | None = None
    locale: str | None = None
    channel: str
    recorded_by: str
    observed: bool
    salts: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """Of the commitments to the personal fields, by field; emptied by a redaction."""

    expires_at: datetime | None = Field(default=None, index=True)
    revoked_at: datetime | None = None
    revocation_reason: str | None = None
    superseded_by_id: UUID | None = Field(default=None, foreign_key="consents.id", sa_type=Identifier)
    used_by_id: UUID | None = Field(default=None, sa_type=Identifier)
    """The operation that has used up a ONE_TIME consent."""


class ConsentProduct(SQLModel, table=True):
    """One product that a consent is for; a consent without any is for every product."""

    __tablename__ = "consent_products"

    consent_id: UUID = Field(foreign_key="consents.id", primary_key=True, sa_type=Identifier)
    product_id: UUID = Field(foreign_key="products.id", primary_key=True, sa_type=Identifier)


class ConsentRecord(Row, table=True):
    """One link of a customer's chain; never changed, never deleted."""

    __tablename__ = "consent_records"
    __table_args__ = (
        UniqueConstraint("customer_id", "sequence"),
        CheckConstraint("sequence >= 1", name="sequence"),
        CheckConstraint("(sequence = 1) = (previous_digest IS NULL)", name="previous_digest"),
        one_of("action", LedgerAction),
    )

    customer_id: UUID = Field(foreign_key="customers.id", sa_type=Identifier)
    sequence: int
    action: str
    consent_id: UUID = Field(foreign_key="consents.id", index=True, sa_type=Identifier)
    payload: dict[str, Any] = Field(sa_type=JSON)
    """What the digest covers, personal fields as salted commitments."""
    digest: str = Field(unique=True)
    previous_digest: str | None = None
