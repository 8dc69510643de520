"""The journal: every change of what callers can see, in the order in which they were committed."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from billing.tables.base import JSON, Identifier, Row, one_of


class Change(Row, table=True):
    """What one transaction changed of one object for one cause; `created_at` is when.

    Rows refer to nothing, so that writing them locks nothing: what they tell of may be gone before they are.
    """

    __tablename__ = "changes"
    __table_args__ = (
        Index(None, "node_id", "position"),
        Index(None, "customer_id", "position"),
        Index(None, "owner_id", "position"),
        one_of("cause_kind", ("MUTATION", "STRIPE_EVENT", "RECONCILIATION")),
    )

    position: int = Field(sa_type=BigInteger, unique=True)
    """Counted up by one; whoever sees a position sees all before it."""
    noun: str
    node_id: UUID = Field(sa_type=Identifier)
    customer_id: UUID | None = Field(default=None, sa_type=Identifier)
    owner_id: UUID | None = Field(default=None, sa_type=Identifier)
    """The same, where that customer may see something of the change."""
    fields: list[dict[str, Any]] = Field(sa_type=JSON)
    """`field`, `before`, `after`, by GraphQL's names, of what customers may see too."""
    merchant_fields: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """Of what only API keys see."""
    cause_kind: str
    cause_reference: str
    actor: str | None = None


class JournalHead(SQLModel, table=True):
    """How far the journal has come, and up to where it was pruned; one row, which every writer takes last."""

    __tablename__ = "journal_head"
    __table_args__ = (one_of("id", ["1"]),)

    id: str = Field(default="1", primary_key=True)
    position: int = Field(default=0, sa_type=BigInteger)
    pruned_to: int = Field(default=0, sa_type=BigInteger)
