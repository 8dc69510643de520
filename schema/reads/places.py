"""The rows of one selected type, at one place of the statement.

A place is a select of its own inside the one above, correlated to the row there. What is made of the rows below a place
are columns beside its own, never expressions inside its JSON: SQLite's parser has room for a hundred things that are
begun and not ended, and a select in a list of columns takes up the fewest of them.
"""

from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from sqlalchemy import (
    Column,
    ColumnClause,
    ColumnElement,
    Exists,
    FromClause,
    MetaData,
    ScalarSelect,
    Select,
    Table,
    column,
    literal_column,
    select,
)
from sqlalchemy.sql import coercions, roles, visitors

from schema.reads.declarations import Expression, Source
from schema.reads.sql import Moment, constant, text_of

NOWHERE = Source(Table("nowhere", MetaData()), "")


@dataclass
class Place:
    """`rows` are those of `source`; there are none at the root, which is NOWHERE."""

    source: Source
    rows: FromClause
    level: int = 0
    made: dict[Any, ColumnElement[Any]] = field(default_factory=dict)
    """What was made of the rows below, by what it was asked for as: asked for twice it is made once."""
    columns: list[ColumnElement[Any]] = field(default_factory=list)
    names: "count[int]" = field(default_factory=count)

    @classmethod
    def root(cls) -> Self:
        """The place above all rows."""
        return cls(NOWHERE, NOWHERE.table)

    @property
    def is_root(self) -> bool:
        """Whether this is that place."""
        return self.source is NOWHERE

    def entry(self, source: Source, levels: int = 1) -> "Place":
        """The rows of a source as they are, so many levels below this place."""
        return Place(source, source.alias(self._name()), self.level + levels, names=self.names)

    def among(self, found: Select[Any]) -> "Place":
        """This place, with only the rows that were found in it."""
        return Place(self.source, found.subquery(self._name()), self.level, names=self.names)

    @property
    def all_columns(self) -> ColumnElement[Any]:
        """As `*`: to name each of them at each level took most of a statement, and of the time to make it."""
        return literal_column(f"{self.rows.name}.*")  # type: ignore[attr-defined]

    def column(self, name: str) -> ColumnElement[Any]:
        """One column of these rows."""
        return _column(self.rows, name, self.source.table.c[name].type)

    def move(self, expression: Expression) -> ColumnElement[Any]:
        """An expression over the table's own columns, as one over these rows."""
        name = self.source.table.name

        def moved(element: Any, **_: Any) -> Any:
            if isinstance(element, Column) and isinstance(element.table, Table) and element.table.name == name:
                return self.column(element.key)
            return None

        return _replace(expression, moved)

    def show(self, expression: Expression) -> ColumnElement[Any]:
        """The same for a value of the row: a select inside it becomes a column beside the rows' own."""

        def beside(element: Any, **_: Any) -> Any:
            if not isinstance(element, ScalarSelect | Exists):
                return None
            if element not in self.made:
                self.made[element] = self.add(element)
            return self.made[element]

        if expression not in self.made:
            self.made[expression] = _replace(self.move(expression), beside)
        return self.made[expression]

    def add(self, value: Expression) -> ColumnElement[Any]:
        """A column beside the rows' own: whatever is made of a row can have the value, and it is made once."""
        if self.is_root:
            return value  # type: ignore[no-any-return]
        name = self._name()
        self.columns.append(value.label(name))
        return column(name, value.type)  # its name is the statement's only one, so that no table has to stand before it

    def gather(self, *values: Expression) -> Select[Any]:
        """A select over the rows with the columns that were added."""
        if self.is_root:
            return select(*values)
        if not self.columns:
            return select(*values).select_from(self.rows)
        full = select(self.all_columns, *self.columns).select_from(self.rows).subquery(self._name())

        def lifted(element: Any, **_: Any) -> Any:
            is_mine = isinstance(element, ColumnClause) and element.table is self.rows
            return _column(full, element.name, element.type) if is_mine else None

        return select(*(_replace(each, lifted) for each in values)).select_from(full)

    def _name(self) -> str:
        """One that nothing else in the statement has."""
        return f"v{next(self.names)}"

    def cursor(self, at: Expression) -> ColumnElement[str]:
        """The row's place in an order of pages by this time."""
        return Moment(at).concat(constant("_")).concat(text_of(self.column("id")))


def _column(rows: FromClause, name: str, type_: Any) -> ColumnElement[Any]:
    made: ColumnClause[Any] = column(name, type_)
    made.table = rows
    return made


def _replace(expression: Expression, replaced: Any) -> ColumnElement[Any]:
    expected: Any = coercions.expect(roles.ExpressionElementRole, expression)
    found: ColumnElement[Any] = visitors.replacement_traverse(expected, {}, replaced)
    return found
