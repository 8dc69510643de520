"""The journal: what was changed, from what to what, why and when."""

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import String, and_, case, null, select
from sqlmodel import col

from billing import tables
from billing.journal.declared import NOUNS
from schema.context import Context
from schema.enums import CauseKind
from schema.faults import CURSOR_EXPIRED, fault
from schema.nodes import Node, parse
from schema.reads import (
    VIEWER,
    any_one,
    column,
    constant,
    described,
    equals,
    filled,
    node,
    numbered_from,
    part,
)
from schema.reads.declarations import Source
from schema.reads.sql import Json, text_of
from schema.scalars import JSON

table: Any = tables.Change
head: Any = tables.JournalHead

NODE_ID = table.noun.concat(constant("_")).concat(text_of(table.node_id))


class Head:
    """The only row that says where the journal stands."""

    __source__ = Source(head.__table__, "journal")


@described
class FieldChange:
    """One field's value before and after; both are null where a redaction has taken them away."""

    field: str = strawberry.field(description="Its name.")
    before: JSON | None = strawberry.field(description="Null for a new object.")
    after: JSON | None = strawberry.field(description="Another object is told by its id, or by Stripe's.")


@described
class Cause:
    """What made a change: the Stripe event, or the mutation and its caller."""

    kind: CauseKind = column(table.cause_kind, "Of what kind it is.")
    reference: str = column(table.cause_reference, "The event's id, or the mutation's name.")
    actor: str | None = column(
        table.actor, "The name of the API key; null for a customer's token, and to one.", customers=null()
    )


async def _fields(_context: Context, change: dict[str, Any]) -> list[FieldChange]:
    return [FieldChange(**each) for each in (*change["shared"], *(change["private"] or ()))]


@described
@node(table, "change", owner="owner_id", sequence="position")
class Change(Node):
    """One entry of the journal: what one cause changed of one object at once."""

    cursor: str = column(text_of(table.position), "Where it is in the journal: `after` for whatever continues from it.")
    at: datetime = column(table.created_at, "When it was written.")
    node_id: strawberry.ID = column(NODE_ID, "The id of what was changed.")
    node: Node | None = any_one(
        "What was changed, as it is now; null where the caller may not see it or it is gone.",
        noun=table.noun,
        key=table.node_id,
        nouns=NOUNS,
    )
    fields: list[FieldChange] = filled(
        "What is not as it was.",
        _fields,
        shared=Json(table.fields),
        private=Json(case((VIEWER.is_(None), table.merchant_fields))),
    )
    cause: Cause = part("Why.")


OF_CUSTOMER = equals(
    "customerId",
    strawberry.ID | None,
    table.customer_id,
    "Only those of one customer.",
    convert=lambda text: parse("customer", text),
)


def expired() -> Exception:
    """The journal no longer reaches back to where the caller would go on."""
    return fault(CURSOR_EXPIRED, "The journal no longer goes back to this cursor: read anew, and go on from there.")


def _reaches(number: Any) -> Any:
    """A cursor ahead of the journal is of another database, or of one from before a backup was restored."""
    return and_(head.pruned_to <= number, number <= head.position)


def changes(description: str) -> Any:
    """The journal, oldest first."""
    return numbered_from(Head, _reaches, description, OF_CUSTOMER, by=col(table.position), absent=expired)


# A root field of its own: JSON text.
CURSOR = Json(constant('"').concat(select(head.position.cast(String)).limit(1).scalar_subquery()).concat(constant('"')))
