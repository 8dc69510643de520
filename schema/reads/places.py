"""Where a type's row is in the statement."""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Column, FromClause, Table
from sqlalchemy.sql import visitors

from schema.reads.declaring import Expression, Source
from schema.reads.sql import Moment, text_of


@dataclass(frozen=True)
class Place:
    """An alias of the type's table, or a sub-select with the same columns."""

    source: Source
    rows: FromClause

    @classmethod
    def of(cls, source: Source) -> Self:
        """A place of its own in the statement."""
        return cls(source, source.table.alias())

    def move(self, expression: Expression) -> Expression:
        """An expression over the table's own columns, as one over this row."""
        table = self.source.table.name

        def moved(element: Any, **_: Any) -> Any:
            if isinstance(element, Column) and isinstance(element.table, Table) and element.table.name == table:
                return self.rows.c[element.key]
            return None

        return visitors.replacement_traverse(expression, {}, moved)

    @property
    def cursor(self) -> Expression:
        """The row's place in the order of pages."""
        return Moment(self.rows.c.created_at).concat("_").concat(text_of(self.rows.c.id))
