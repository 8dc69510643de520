"""The few pieces of SQL that SQLite and PostgreSQL write differently, as elements of SQLAlchemy's language.

SQLite knows JSON from text only while a value stays inside one expression, so what comes out of a sub-select or a CASE
is marked again with `json()`. PostgreSQL's type is `json`, because `jsonb` reorders keys.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, String, bindparam, cast, literal_column, null
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel.sql.sqltypes import UTCDateTime

from billing.money import THREE_DECIMAL, ZERO_DECIMAL
from billing.tables import Identifier

# What every statement may use besides the arguments of its fields.
NOW: Any = bindparam("now", None, type_=UTCDateTime())
MONTH: Any = bindparam("month", None, type_=Integer())
VIEWER: Any = bindparam("viewer", None, type_=Identifier())
KEY: Any = bindparam("key", None, type_=Identifier())

# Stands where the schema promises a value and the rows have none. An answer with it is not given as it is.
MISSING = "\x01 missing"


def constant(value: str | int | None) -> ColumnElement[Any]:
    """A word or a number of the schema's own, written into the statement; never a client's value."""
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return literal_column(f"'{quoted}'", String())
    return null() if value is None else literal_column(str(value), Integer())


def text_of(value: Any) -> ColumnElement[str]:
    """A value as text."""
    return cast(value, String())


class _Element(FunctionElement[Any]):
    """An expression that is written per dialect below."""

    type: Any = String()


class JsonObject(_Element):
    """Keys and values in turns, as one object."""

    name = "json_object_of"
    inherit_cache = True


class JsonList(_Element):
    """An aggregate: a value of each row for which the condition holds.

    Both databases keep the order of the select below it; SQLite cannot be told another before 3.44.
    """

    name = "json_list_of"
    inherit_cache = True


class Json(_Element):
    """Text, a sub-select or a CASE that is JSON."""

    name = "json_from"
    inherit_cache = True


class Unfolded(_Element):
    """The texts of a list that is bound as JSON, as rows of one column, `value`."""

    name = "unfolded"
    inherit_cache = True


class Among(_Element):
    """Whether a text is in a list that is bound as JSON."""

    name = "among"
    inherit_cache = True
    type = Boolean()


class JsonBoolean(_Element):
    """A condition as true, false or null."""

    name = "json_boolean"
    inherit_cache = True


class Instant(_Element):
    """A time as `2026-11-23T18:00:00Z`."""

    name = "instant"
    inherit_cache = True


class Moment(_Element):
    """A time as `2026-11-23T18:00:00.123456Z`, in the order of time."""

    name = "moment"
    inherit_cache = True


class Major(_Element):
    """An amount in the smallest unit, and its currency, as a decimal in major units."""

    name = "major_units"
    inherit_cache = True


def _inside(element: _Element, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


def _parts(element: _Element, compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(each, **kw) for each in element.clauses]


@compiles(JsonObject, "sqlite")
def _(element: JsonObject, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_object({_inside(element, compiler, **kw)})"


@compiles(JsonObject, "postgresql")
def _(element: JsonObject, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_build_object({_inside(element, compiler, **kw)})"


@compiles(JsonList, "sqlite")
def _(element: JsonList, compiler: SQLCompiler, **kw: Any) -> str:
    value, condition = _parts(element, compiler, **kw)
    return f"json_group_array({value}) FILTER (WHERE {condition})"


@compiles(JsonList, "postgresql")
def _(element: JsonList, compiler: SQLCompiler, **kw: Any) -> str:
    value, condition = _parts(element, compiler, **kw)
    return f"coalesce(json_agg({value}) FILTER (WHERE {condition}), '[]'::json)"


@compiles(Json, "sqlite")
def _(element: Json, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json({_inside(element, compiler, **kw)})"


@compiles(Json, "postgresql")
def _(element: Json, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({_inside(element, compiler, **kw)} AS json)"


@compiles(Unfolded, "sqlite")
def _(element: Unfolded, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({_inside(element, compiler, **kw)})"


@compiles(Unfolded, "postgresql")
def _(element: Unfolded, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_array_elements_text(CAST({_inside(element, compiler, **kw)} AS json))"


@compiles(Among, "sqlite")
def _(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    value, listed = _parts(element, compiler, **kw)
    return f"({value}) IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - parts that are SQL already


@compiles(Among, "postgresql")
def _(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    # An array is made once, and leaves the order of an index as it is.
    value, listed = _parts(element, compiler, **kw)
    return f"({value}) = ANY (ARRAY(SELECT json_array_elements_text(CAST({listed} AS json))))"


@compiles(JsonBoolean, "sqlite")
def _(element: JsonBoolean, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json(CASE ({_inside(element, compiler, **kw)}) WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"


@compiles(JsonBoolean, "postgresql")
def _(element: JsonBoolean, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_inside(element, compiler, **kw)})"


@compiles(Instant, "sqlite")
def _(element: Instant, compiler: SQLCompiler, **kw: Any) -> str:
    # strftime would round a fraction up to the next second, and PostgreSQL does not.
    return f"replace(substr({_inside(element, compiler, **kw)}, 1, 19), ' ', 'T') || 'Z'"


@compiles(Instant, "postgresql")
def _(element: Instant, compiler: SQLCompiler, **kw: Any) -> str:
    return f"""to_char({_inside(element, compiler, **kw)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


@compiles(Moment, "sqlite")
def _(element: Moment, compiler: SQLCompiler, **kw: Any) -> str:
    return f"replace(substr({_inside(element, compiler, **kw)}, 1, 26), ' ', 'T') || 'Z'"


@compiles(Moment, "postgresql")
def _(element: Moment, compiler: SQLCompiler, **kw: Any) -> str:
    return f"""to_char({_inside(element, compiler, **kw)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


@compiles(Major)
def _(element: Major, compiler: SQLCompiler, **kw: Any) -> str:
    amount, currency = _parts(element, compiler, **kw)
    return (
        f"CASE WHEN {currency} IN ({_listed(ZERO_DECIMAL)}) THEN CAST({amount} AS VARCHAR)"
        f" WHEN {currency} IN ({_listed(THREE_DECIMAL)}) THEN {_shifted(amount, 1000)}"
        f" ELSE {_shifted(amount, 100)} END"
    )


def _listed(currencies: frozenset[str]) -> str:
    return ", ".join(f"'{currency}'" for currency in sorted(currencies))


def _shifted(amount: str, unit: int) -> str:
    """Integers alone: no dialect's idea of a decimal comes in. `1000 + rest` keeps the leading zeros of the rest."""
    sign = f"CASE WHEN {amount} < 0 THEN '-' ELSE '' END"
    rest = f"substr(CAST({unit} + abs({amount}) % {unit} AS VARCHAR), 2)"
    return f"({sign} || CAST(abs({amount}) / {unit} AS VARCHAR) || '.' || {rest})"


def json_object(pairs: Iterable[tuple[Any, Any]]) -> JsonObject:
    """An object with these keys, which are names of GraphQL's and of ours, or expressions."""
    named = ((constant(key) if isinstance(key, str) else key, value) for key, value in pairs)
    return JsonObject(*(each for pair in named for each in pair))
