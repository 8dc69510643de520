"""Runs migrations on the connection given by billing.migrations; on the command line, on DATABASE_URL."""

import asyncio
import os
from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

import billing.tables  # noqa: F401 - fills the metadata
from billing.migrations import within_migration


def run(connection: sa.Connection) -> None:
    """Runs what the command asked for, in the transaction that `connection` is in."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
        compare_type=True,
        render_item=render_item,
    )
    context.run_migrations()


def render_item(kind: str, item: Any, autogenerate: AutogenContext) -> str | bool:
    """Writes column types as the databases' own, so that a migration stays what it was when ours change."""
    if kind == "type" and isinstance(item, sa.JSON):
        return "sa.JSON()"  # which is `json` on PostgreSQL too
    if kind != "type" or not isinstance(item, sa.TypeDecorator):
        return False
    everywhere = item.load_dialect_impl(sqlite.dialect())
    on_postgresql = item.load_dialect_impl(postgresql.dialect())
    if repr(everywhere) == repr(on_postgresql):
        return f"sa.{everywhere!r}"
    autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
    return f"sa.{everywhere!r}.with_variant(postgresql.{on_postgresql.__visit_name__}(), 'postgresql')"


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
elif url := os.environ.get("DATABASE_URL"):
    asyncio.run(within_migration(url, run))
else:
    raise SystemExit("Set DATABASE_URL to the database to work on, for example sqlite:///scratch.sqlite3")
