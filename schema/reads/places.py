"""The rows of one selected type, at one place of the statement.

Each is a common table expression, so that the statement stays flat however deep the selection is: SQLite's parser has
room for about four selects inside each other. Rows are numbered (`KEY`), and know the number of the row above to which
they belong (`OF`). What is made of the rows below is joined to their parents by it.
"""

from dataclasses import dataclass, field
from typing import Any, Self

from sqlalchemy import CTE, Column, ColumnElement, FromClause, MetaData, Select, Table, func, literal_column, select
from sqlalchemy.sql import coercions, roles, visitors

from schema.reads.declarations import Expression, Source
from schema.reads.sql import Moment, constant, text_of

KEY, OF, VALUE = "row_key", "of_key", "value_of"

NOWHERE = Source(Table("nowhere", MetaData()), "")


@dataclass
class Place:
    """`source` is NOWHERE at the root, whose only row is nobody's."""

    source: Source
    rows: FromClause
    made: dict[Any, ColumnElement[Any]] = field(default_factory=dict)
    """What was made of the rows below, by what it was asked for as: asked for twice it is made once."""
    joined: list[CTE] = field(default_factory=list)

    @classmethod
    def root(cls) -> Self:
        """The place above all rows."""
        return cls(NOWHERE, select(literal_column("1").label(KEY)).cte("root"))

    @property
    def is_root(self) -> bool:
        """Whether this is that place."""
        return self.source is NOWHERE

    def move(self, expression: Expression) -> ColumnElement[Any]:
        """An expression over the table's own columns, as one over these rows."""
        name = self.source.table.name

        def moved(element: Any, **_: Any) -> Any:
            if isinstance(element, Column) and isinstance(element.table, Table) and element.table.name == name:
                return self.rows.c[element.key]
            return None

        expected: Any = coercions.expect(roles.ExpressionElementRole, expression)
        replaced: ColumnElement[Any] = visitors.replacement_traverse(expected, {}, moved)
        return replaced

    def join(self, below: "Place", value: Expression, *, grouped: bool = False) -> ColumnElement[Any]:
        """A value made of the rows below, one of each or one of all that belong to the same row here."""
        made = below.gather(below.rows.c[OF], value.label(VALUE))
        values = (made.group_by(below.rows.c[OF]) if grouped else made).cte()
        self.joined.append(values)
        return values.c[VALUE]

    def gather(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """A select over the rows and everything that was joined to them."""
        rows = self.rows
        for each in self.joined:
            rows = rows.outerjoin(each, each.c[OF] == self.rows.c[KEY])
        return select(*columns).select_from(rows)

    def cursor(self, at: Expression) -> ColumnElement[str]:
        """The row's place in an order of pages by this time."""
        return Moment(at).concat(constant("_")).concat(text_of(self.rows.c.id))

    @property
    def key(self) -> ColumnElement[int]:
        """The row's number, which is also its place in the order of its list."""
        return self.rows.c[KEY]


def place_rows(source: Source, found: Select[Any], order: tuple[Expression, ...], *more: Any) -> Place:
    """A place with the rows that were found, numbered in the order of their parents, then in their own."""
    rows = found.subquery()
    inside = Place(source, rows)
    number = func.row_number().over(order_by=(rows.c[OF], *(inside.move(each) for each in order)))
    return Place(source, select(rows, number.label(KEY), *more).cte())
