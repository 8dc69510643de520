"""Operations, API keys, and the stamp of the database."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from billing.tables.base import JSON, Identifier, Row, one_of


class OperationStatus(StrEnum):
    """PENDING.

    Reserved, perhaps sent, not recorded. RELEASED: nothing happened, the key may be used again. UNKNOWN: needs a
    person.
    """

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    RELEASED = "RELEASED"
    UNKNOWN = "UNKNOWN"


class Operation(Row, table=True):
    """One mutation that calls Stripe, or that must not happen twice.

    `intent` is the input as validated, `request` what Stripe is asked at `step`; both are sent again exactly as stored.
    `subject` is the object that it alone may change until it is recorded.
    """

    __tablename__ = "operations"
    __table_args__ = (
        UniqueConstraint("party", "mutation", "key"),
        Index(
            "uq_operations_subject_pending",
            "subject",
            unique=True,
            sqlite_where=text("status = 'PENDING'"),
            postgresql_where=text("status = 'PENDING'"),
        ),
        Index("ix_operations_due", "status", "due_at"),
        one_of("status", OperationStatus),
    )

    mutation: str
    party: str
    key: str
    input_hash: str
    actor: str
    """Who called: CUSTOMER, the name of an API key, or ASSENT itself."""
    customer_id: UUID | None = Field(default=None, index=True, sa_type=Identifier)
    consent_id: UUID | None = Field(default=None, index=True, sa_type=Identifier)
    intent: dict[str, Any] = Field(sa_type=JSON)
    node_id: UUID | None = Field(default=None, index=True, sa_type=Identifier)
    """The row that this makes or changes; for a new one chosen at the reservation."""

    status: str = OperationStatus.PENDING
    subject: str | None = None
    step: str | None = None
    request: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    attempt: int = 1
    first_sent_at: datetime | None = None
    """Of the current step's request."""
    due_at: datetime
    """While PENDING: until when its holder has it."""
    fence: int = 0
    """Raised by each holder; a late one finds that it is no longer its own."""
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    error: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    updated_at: datetime


class KeyScope(StrEnum):
    """What a merchant's key may do; each includes the one before."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class ApiKey(Row, table=True):
    """A merchant's key; only its hash is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (one_of("scope", KeyScope),)

    name: str = Field(unique=True)
    scope: str
    sha256: str = Field(unique=True)
    revoked_at: datetime | None = None


class Installation(SQLModel, table=True):
    """Which Stripe account and mode this database belongs to; one row."""

    __tablename__ = "installation"
    __table_args__ = (one_of("id", ["1"]),)

    id: str = Field(default="1", primary_key=True)
    stripe_account: str
    country: str | None = None
    """The account's, as US; null until Stripe has told it."""
    livemode: bool
    created_at: datetime
