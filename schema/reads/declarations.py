"""How the fields of a type are read: what each word of a declaration stands for."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import strawberry
from sqlalchemy import FromClause, Select, Table

from schema.faults import bad_input

# Where a field keeps its declaration, and what else is said of it.
KEY, MERCHANT_ONLY, COST = "read", "merchant_only", "cost"

# Rows.
LARGEST_PAGE = 100
DEFAULT_PAGE = 20

# SQLModel gives its columns the types of their values, so expressions over them cannot be typed.
Expression = Any
Order = tuple[Expression, ...]


def as_given(value: Any) -> Any:
    """The client's own value."""
    return value


@dataclass(frozen=True)
class Argument:
    """An argument of a field.

    The value `neutral` asks for nothing. Of any other, `convert` makes the value to bind: null where no row can have
    it, a mapping to bind several, Said where the statement depends on it. `condition` is what the bound value asks of
    the row.
    """

    name: str
    type: Any
    description: str
    condition: Callable[[Any], Expression] | None = None
    convert: Callable[[Any], Any] = as_given
    default: Any = strawberry.UNSET
    neutral: Any = None


@dataclass(frozen=True)
class Said:
    """A value of which the statement itself depends on one thing, `word`; `value` is bound, if there is more to it."""

    word: str
    value: Any = None


@dataclass(frozen=True)
class Leaf:
    """An expression over the type's own row; `customers` is what a customer's token gets instead."""

    expression: Expression
    customers: Expression = None


@dataclass(frozen=True)
class Identity:
    """The row's id behind its noun."""


@dataclass(frozen=True)
class Part:
    """An object made of the same row, null unless `when`. `given` are its fields, where its type has none declared."""

    given: Mapping[str, "Declaration"]
    when: Expression = None


@dataclass(frozen=True)
class Relation:
    """Rows tied to this one by a condition; nothing at all unless `when`."""

    on: Expression = None
    order: Order = ()
    when: Expression = None
    arguments: tuple[Argument, ...] = ()


class One(Relation):
    """The first of them, or null."""


class Many(Relation):
    """All of them."""


class Paged(Relation):
    """A page of them, newest first; with an `order`, by that time, earliest first."""


@dataclass(frozen=True)
class AnyOne:
    """A row of any of these nouns, told by a noun and an id of this row; null where the caller sees none."""

    noun: Expression
    key: Expression
    nouns: tuple[str, ...]


@dataclass(frozen=True)
class Within:
    """A relation of the row of `source` that `argument` finds.

    Where there is none for the caller it is null, or the error that `absent` makes.
    """

    source: type[Any]
    argument: Argument
    relation: Relation
    absent: Callable[[], Exception] | None = None

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """Those of the relation besides; one that finds the row may say as well where its page begins."""
        return (self.argument, *(each for each in self.relation.arguments if each.name != self.argument.name))


@dataclass(frozen=True)
class Lookup:
    """Rows of any type by their keys in `column`, in the order of the keys.

    `parse` makes noun and key of the client's text, or None.
    """

    column: str
    parse: Callable[[str], tuple[str, Any] | None]
    argument: Argument
    is_list: bool = False

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The only one."""
        return (replace(self.argument, convert=self._keys),)

    def _keys(self, wanted: str | list[str]) -> Said:
        texts = wanted if isinstance(wanted, list) else [wanted]
        if len(texts) > LARGEST_PAGE:
            raise bad_input(f"`{self.argument.name}` may have at most {LARGEST_PAGE}; there are {len(texts)}.")
        return keys(map(self.parse, texts))


def keys(sought: Iterable[tuple[str, Any] | None]) -> Said:
    """The nouns of what is looked up, and a JSON list of texts: noun, a space and the key; empty where none is."""
    pairs = list(sought)
    nouns = sorted({each[0] for each in pairs if each})
    return Said(" ".join(nouns), json.dumps([f"{each[0]} {each[1]}" if each else "" for each in pairs]))


@dataclass(frozen=True)
class Filled:
    """A value that takes code: `fill` is given the GraphQL info and what it `needs` of the row."""

    needs: Mapping[str, Expression]
    fill: Callable[[Any, dict[str, Any]], Awaitable[Any]]


Declaration = Leaf | Identity | Part | Relation | AnyOne | Within | Lookup | Filled


@dataclass(frozen=True)
class Source:
    """Where a type lives.

    `owner` is the column with the id of the customer to whom a row belongs; None: to nobody. `stripe` is what Stripe's
    ids of such objects begin with. `rows` finds the rows where no table has them; `table` then only names the columns.
    `sequence` is the column that numbers the rows: lists are in its order, not in that of time, and have it as cursor.
    """

    table: Table
    noun: str
    owner: str | None = None
    stripe: str | None = None
    merchant_only: bool = False
    rows: Select[Any] | None = None
    sequence: str | None = None

    def alias(self, name: str) -> FromClause:
        """The rows, to select from once more."""
        return self.table.alias(name) if self.rows is None else self.rows.subquery(name)
