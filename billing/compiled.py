"""Statements in the databases' own languages: SQLAlchemy writes each once, and any driver can run it."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import Dialect

DIALECTS: Mapping[str, Dialect] = {"sqlite": sqlite.dialect(), "postgresql": PGDialect_asyncpg()}  # type: ignore[no-untyped-call]

# How many bytes a parameter takes, with what converts its value.
PARAMETER = 800

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A value to bind: by its name in what is given, as the statement's own, or made fit for the database."""

    name: str
    value: Any
    convert: Callable[[Any], Any] | None

    def of(self, values: Values) -> Any:
        """As the driver takes it."""
        value = values.get(self.name, self.value)
        return self.convert(value) if self.convert else value


@dataclass(frozen=True)
class Compiled:
    """A statement in the database's own language."""

    sql: str
    parameters: tuple[Parameter, ...]

    @classmethod
    def of(cls, statement: ClauseElement, dialect: Dialect) -> "Compiled":
        """Writes the SQL."""
        written: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        own = written.params
        kinds = {name: bind.type.dialect_impl(dialect) for bind, name in written.bind_names.items()}

        def parameter(name: str) -> Parameter:
            # A list that the schema itself wrote has become one parameter for each of its words.
            kind = kinds.get(name)
            return Parameter(name, own.get(name), kind and kind.bind_processor(dialect))

        return cls(str(written), tuple(map(parameter, written.positiontup)))

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep it."""
        return len(self.sql) + PARAMETER * len(self.parameters)

    def bind(self, values: Values) -> list[Any]:
        """The values in the order of the statement's parameters."""
        return [each.of(values) for each in self.parameters]


def is_too_deep(sql: str, dialect: str) -> bool:
    """Whether SQLite's parser has no room for a statement."""
    if dialect != "sqlite":
        return False
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(f"EXPLAIN {sql}")
        except sqlite3.Error as error:  # the tables are missing, or else the values
            return "parser stack overflow" in str(error)
    return False
