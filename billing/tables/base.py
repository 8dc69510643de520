"""What all tables share: ids, times, JSON, and names for constraints."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import JSON as GenericJSON
from sqlalchemy import CheckConstraint, Dialect, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSON as PostgresJSON
from sqlalchemy.dialects.postgresql import UUID as PostgresUUID
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

# Alembic can only drop what has a name, and names must be the same on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# `json`, not `jsonb`: jsonb reorders keys, and what Stripe sent is kept as it was.
JSON = GenericJSON().with_variant(PostgresJSON(), "postgresql")


class Identifier(TypeDecorator[UUID]):
    """A UUID that reads the same in SQL on both databases: `uuid` on PostgreSQL, 36 characters on SQLite."""

    impl = String(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(PostgresUUID(as_uuid=True))
        return dialect.type_descriptor(String(36))

    def process_bind_param(self, value: UUID | str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        uuid = value if isinstance(value, UUID) else UUID(value)
        return uuid if dialect.name == "postgresql" else str(uuid)

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return value if value is None or isinstance(value, UUID) else UUID(value)


def new_id() -> UUID:
    """A UUIDv7: unique anywhere, and in the order of creation."""
    return uuid_utils.compat.uuid7()


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A check that `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Row(SQLModel):
    """Every row that has an identity of ours. `created_at` is Stripe's for Stripe's objects."""

    id: UUID = Field(default_factory=new_id, primary_key=True, sa_type=Identifier)
    created_at: datetime
