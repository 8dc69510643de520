"""How the fields of a type are read: what each word of a declaration stands for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import strawberry
from sqlalchemy import FromClause, Select, Table

from schema.faults import bad_input
from schema.reads.cursors import LARGEST_PAGE

# Where a field keeps its declaration, and what else is said of it.
KEY, MERCHANT_ONLY, COST = "read", "merchant_only", "cost"

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
    it, a mapping to bind several. `condition` is what the bound value asks of the row.
    """

    name: str
    type: Any
    description: str
    condition: Callable[[Any], Expression] | None = None
    convert: Callable[[Any], Any] = as_given
    default: Any = strawberry.UNSET
    neutral: Any = None


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
    """Rows of any type by their keys in `column`. `parse` makes noun and key of the client's text, or None."""

    column: str
    parse: Callable[[str], tuple[str, Any] | None]
    argument: Argument

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The only one, bound as the keys of each noun."""
        return (replace(self.argument, convert=self._by_noun),)

    def arrange(self, answer: dict[str, list[dict[str, Any]]], given: dict[str, Any]) -> Any:
        """The rows in the order in which they were asked for."""
        wanted = given[self.argument.name]
        found = {(noun, each["key"]): each["node"] for noun, rows in answer.items() for each in rows}
        nodes = [found.get((asked[0], str(asked[1]))) if asked else None for asked in map(self.parse, _listed(wanted))]
        return nodes if isinstance(wanted, list) else nodes[0]

    def _by_noun(self, wanted: str | list[str]) -> dict[str, Any]:
        texts = _listed(wanted)
        if len(texts) > LARGEST_PAGE:
            raise bad_input(f"`{self.argument.name}` may have at most {LARGEST_PAGE}; there are {len(texts)}.")
        keys: dict[str, list[Any]] = {}
        for noun, key in filter(None, map(self.parse, texts)):
            keys.setdefault(noun, []).append(key)
        return dict(sorted(keys.items()))


def _listed(wanted: str | list[str]) -> list[str]:
    return wanted if isinstance(wanted, list) else [wanted]


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

    def alias(self) -> FromClause:
        """The rows, to select from once more."""
        return self.table.alias() if self.rows is None else self.rows.subquery()
