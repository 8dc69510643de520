"""From the rows that a transaction has changed to what the journal says of the objects that show them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from billing.journal.declared import JOURNALED
from billing.journal.words import Field, Journaled, Values

Key = tuple[type[Any], UUID]
Node = tuple[UUID, UUID | None]


@dataclass
class Touched:
    """A row that was changed: as the session holds it, unless that may be old, and as it was; None: not there."""

    row: Any
    before: Values | None


@dataclass
class Entry:
    """What was changed of one object."""

    noun: str
    node_id: UUID
    customer_id: UUID | None
    fields: list[dict[str, Any]] = field(default_factory=list)
    merchant_fields: list[dict[str, Any]] = field(default_factory=list)

    def add(self, changed: Field, before: Any, after: Any) -> None:
        """One field's values."""
        to = self.fields if changed.customers else self.merchant_fields
        to.append({"field": changed.name, "before": before, "after": after})

    def forget(self, names: frozenset[str]) -> None:
        """Takes the values of these fields away."""
        self.fields, self.merchant_fields = forget(self.fields, names), forget(self.merchant_fields, names)


def forget(fields: list[dict[str, Any]], names: frozenset[str]) -> list[dict[str, Any]]:
    """The same without these fields' values; that they changed stays."""
    gone = {"before": None, "after": None}
    return [{**each, **gone} if each["field"] in names else each for each in fields]


def entries_of(session: Session, touched: Mapping[Key, Touched]) -> list[Entry]:
    """One for each object of which something is not as it was, in the order in which they were changed."""
    found: dict[tuple[str, UUID], Entry] = {}
    for declared, values, changed in _changes(session, touched):
        node = _find_node(session, declared, values)
        if node is None:
            continue  # nobody sees it: what would show it is not known yet
        entry = found.setdefault((declared.noun, node[0]), Entry(declared.noun, *node))
        for each, before, after in changed:
            entry.add(each, before, after)
    return list(found.values())


Changed = list[tuple[Field, Any, Any]]


def _changes(session: Session, touched: Mapping[Key, Touched]) -> Iterator[tuple[Journaled, Values, Changed]]:
    now = _as_they_are(session, touched)
    lists: dict[tuple[type[Any], Any], dict[UUID, Values | None]] = {}
    for (table, row_id), each in touched.items():
        declared, values = JOURNALED[table], now[table, row_id] or each.before
        if values is None:
            continue  # made and taken back
        if declared.listed:
            lists.setdefault((table, values[declared.key]), {})[row_id] = each.before
        elif changed := list(_changed(declared, each.before, now[table, row_id])):
            yield declared, values, changed
    for (table, of), before in lists.items():
        declared = JOURNALED[table]
        if changed := list(_changed_list(session, table, declared, of, before)):
            yield declared, {declared.key: of}, changed


def _changed(declared: Journaled, before: Values | None, after: Values | None) -> Iterator[tuple[Field, Any, Any]]:
    for each in declared.fields:
        old, new = (None if row is None else each.write(row) for row in (before, after))
        if old != new:
            yield each, old, new


def _changed_list(
    session: Session, table: type[Any], declared: Journaled, of: Any, before: Mapping[UUID, Values | None]
) -> Iterator[tuple[Field, Any, Any]]:
    columns: Any = table.__table__
    order = declared.listed or ""
    rows = session.connection().execute(select(columns).where(columns.c[declared.key] == of)).mappings().all()
    now: dict[UUID, Values] = {row["id"]: dict(row) for row in rows}
    old = {row_id: row for row_id, row in {**now, **before}.items() if row is not None}
    for each in declared.fields:
        was, is_ = (
            [each.write(row) for row in sorted(some.values(), key=lambda row: (row[order], row["id"]))]
            for some in (old, now)
        )
        if was != is_:
            yield each, was or None, is_


def _as_they_are(session: Session, touched: Mapping[Key, Touched]) -> dict[Key, Values | None]:
    found: dict[Key, Values | None] = {}
    old: dict[type[Any], list[UUID]] = {}
    for (table, row_id), each in touched.items():
        found[table, row_id] = None
        if each.row is None:
            old.setdefault(table, []).append(row_id)
        elif inspect(each.row).persistent:
            found[table, row_id] = {name: getattr(each.row, name) for name in _names(table)}
    for table, ids in old.items():
        columns: Any = table.__table__
        for row in session.connection().execute(select(columns).where(columns.c.id.in_(ids))).mappings():
            found[table, row["id"]] = dict(row)
    return found


def _names(table: type[Any]) -> list[str]:
    columns: Any = table.__table__
    return list(columns.columns.keys())


def _find_node(session: Session, declared: Journaled, values: Values) -> Node | None:
    """The object that shows the row, and its customer."""
    if declared.parent is None:
        return values["id"], values[declared.owner] if declared.owner else None
    table, column, key = declared.parent
    if values[key] is None:
        return None
    if column == "id":
        held = session.identity_map.get(inspect(table).identity_key_from_primary_key((values[key],)))
        if held is not None:
            return held.id, held.customer_id
    columns: Any = table.__table__
    found = select(columns.c.id, columns.c.customer_id).where(columns.c[column] == values[key]).limit(1)
    row = session.connection().execute(found).first()
    return None if row is None else (row.id, row.customer_id)
