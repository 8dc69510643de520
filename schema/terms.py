"""Terms: what customers are asked to agree to."""

from datetime import datetime
from typing import Any

from sqlalchemy import not_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from billing import tables
from schema.enums import ConsentUsage
from schema.nodes import Node
from schema.reads import column, described, node

table: Any = tables.Terms

_newer = aliased(table)
IS_CURRENT = not_(
    select(_newer.id)
    .where(_newer.slug == table.slug, _newer.locale == table.locale, col(_newer.version) > table.version)
    .exists()
)


@described
@node(table, "terms")
class Terms(Node):
    """A published, immutable text that customers agree to. A change is a new version of the same (slug, locale)."""

    slug: str = column(table.slug, "The merchant's name for these terms, the same in every version and language.")
    locale: str = column(table.locale, "The language of the text, as BCP 47 has it: en, pt-BR.")
    version: int = column(table.version, "From 1 on, per slug and locale.")
    title: str = column(table.title, "The headline.")
    permission: str = column(
        table.permission, "The permission to start a payment, or a series of them, for the transactions named."
    )
    timing: str = column(table.timing, "The expected frequency (one-time or recurring) and timing.")
    amount_determination: str = column(table.amount_determination, "How the amount is determined.")
    cancellation_policy: str | None = column(
        table.cancellation_policy, "How the customer cancels; required when usage is RECURRING."
    )
    usage: ConsentUsage = column(table.usage, "What kind of payments the terms are about.")
    body: str = column(table.body, "The whole text as shown to the customer, in Markdown.")
    sha256: str = column(table.sha256, "The SHA-256 of `body`, in hexadecimal.")
    is_current: bool = column(IS_CURRENT, "Whether no newer version of the same slug and locale is published.")
    published_at: datetime = column(table.created_at, "When this version was published.")
