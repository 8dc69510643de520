"""The words in which a GraphQL type says where it lives.

Each word makes one field of a Strawberry type and keeps in the field's metadata how it is read. Expressions are written
over the tables' own columns; the compiler moves them to the place in the statement where the type is selected.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, dataclass_transform

import strawberry
from sqlalchemy import ColumnElement, Table, case, func
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from schema.faults import bad_input
from schema.reads.cursors import DEFAULT_PAGE, LARGEST_PAGE, convert_cursor, convert_page_size
from schema.reads.sql import Major, constant

# Where a field keeps its declaration.
KEY = "read"
MERCHANT_ONLY = "merchant_only"
COST = "cost"

# SQLModel gives its columns the types of their values, so expressions over them cannot be typed.
Expression = Any
Order = tuple[Expression, ...]


def _as_given(value: Any) -> Any:
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
    convert: Callable[[Any], Any] = _as_given
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

    given: Mapping[str, Leaf]
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
    """A page of them, newest first."""


@dataclass(frozen=True)
class Within:
    """A relation of the row of `source` that `argument` finds; null where there is none for the caller."""

    source: type[Any]
    argument: Argument
    relation: Relation

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """Those of the relation besides."""
        return (self.argument, *self.relation.arguments)


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
        return keys


def _listed(wanted: str | list[str]) -> list[str]:
    return wanted if isinstance(wanted, list) else [wanted]


@dataclass(frozen=True)
class Filled:
    """A value that takes code: `fill` is given the GraphQL info and what it `needs` of the row."""

    needs: Mapping[str, Expression]
    fill: Callable[[Any, dict[str, Any]], Awaitable[Any]]


Declaration = Leaf | Identity | Part | Relation | Within | Lookup | Filled


@dataclass(frozen=True)
class Source:
    """Where a type lives.

    `owner` is the column with the id of the customer to whom a row belongs; None: to nobody. `stripe` is what Stripe's
    ids of such objects begin with.
    """

    table: Table
    noun: str
    owner: str | None = None
    stripe: str | None = None
    merchant_only: bool = False


T = TypeVar("T", bound=type[Any])


def node(table: Any, noun: str, **traits: Any) -> Callable[[T], T]:
    """A type, or an interface of types, that lives in a table; the traits are those of Source."""

    def decorate(cls: T) -> T:
        cls.__source__ = Source(table.__table__, noun, **traits)
        return cls

    return decorate


def variant(when: Expression = None) -> Callable[[T], T]:
    """A type for those rows of its interface's table for which `when` holds; without it, for the rest of them."""

    def decorate(cls: T) -> T:
        cls.__when__ = when
        return described(cls)

    return decorate


@dataclass_transform(kw_only_default=True)
def described(cls: T) -> T:
    """A type whose docstring is its description."""
    made: T = strawberry.type(cls, description=docstring(cls))
    return made


@dataclass_transform(kw_only_default=True)
def interface(cls: T) -> T:
    """An interface whose docstring is its description."""
    made: T = strawberry.interface(cls, description=docstring(cls))
    return made


def docstring(cls: type) -> str:
    """The docstring as one paragraph."""
    return " ".join((cls.__doc__ or "").split())


def column(expression: Expression, description: str, *, customers: Expression = None) -> Any:
    """A column, or any expression over the type's own row."""
    return _field(description, Leaf(expression, customers))


def identity(description: str) -> Any:
    """The id."""
    return _field(description, Identity())


def word(expression: Expression, enum: Any, description: str) -> Any:
    """One of Stripe's lower-case words, as a value of the enum."""
    return _field(description, Leaf(as_enum(expression, enum)))


def as_enum(expression: Expression, enum: Any) -> ColumnElement[str]:
    """The same as an expression: a word that the enum does not know is OTHER, where it has that."""
    names = [each.name for each in enum]
    upper: ColumnElement[str] = func.upper(expression)
    if "OTHER" not in names:
        return upper
    known = upper.in_([constant(name) for name in names])
    return case((known, upper), (expression.is_not(None), constant("OTHER")))


def money(amount: Expression, currency: Expression, description: str) -> Any:
    """An amount in the currency's smallest unit, as Money; null where there is none."""
    return part(description, when=amount.is_not(None), amount=Major(amount, currency), currency=currency)


def part(description: str, *, when: Expression = None, **given: Expression) -> Any:
    """An object made of columns of the same row: those given by name, or those that its type declares."""
    return _field(description, Part({name: Leaf(each) for name, each in given.items()}, when))


def one(description: str, *arguments: Argument, on: Expression = None, order: Order = ()) -> Any:
    """The related row, or the first in the order."""
    return _field(description, One(on, order, None, arguments))


def many(description: str, *, on: Expression, order: Order, when: Expression = None) -> Any:
    """All related rows, where there are few."""
    return _field(description, Many(on, order, when))


def paged(description: str, *filters: Argument, on: Expression = None) -> Any:
    """A connection: one page of the related rows."""
    return _field(description, _page(on, filters))


def paged_within(source: Any, argument: Argument, description: str, *filters: Argument, on: Expression) -> Any:
    """A connection of the row that the argument finds."""
    return _field(description, Within(source, argument, _page(on, filters)))


def lookup(column: str, parse: Callable[[str], tuple[str, Any] | None], argument: Argument, description: str) -> Any:
    """Objects of any type by their keys: the argument takes one, or a list of them."""
    return _field(description, Lookup(column, parse, argument))


def merchant_only(field: Any) -> Any:
    """A field of the root that a customer's token may not use at all."""
    field.metadata = {**field.metadata, MERCHANT_ONLY: True}
    return field


def filled(
    description: str, fill: Callable[[Any, dict[str, Any]], Awaitable[Any]], *, cost: int = 0, **needs: Expression
) -> Any:
    """A value that code fills in; `cost` is how many objects of an answer it weighs."""
    made = _field(description, Filled(needs, fill))
    made.metadata = {**made.metadata, COST: cost}
    return made


def equals(
    name: str, type_: Any, compared: Expression, description: str, *, convert: Any = _as_given, default: Any = None
) -> Argument:
    """An argument to which something has to be equal."""
    default = strawberry.UNSET if default is None else default
    return Argument(name, type_, description, lambda wanted: compared == wanted, convert, default)


def among(name: str, type_: Any, compared: Expression, description: str) -> Argument:
    """An argument that lists what something may be."""
    return Argument(name, list[type_] | None, description, compared.in_)


def _page(on: Expression, filters: tuple[Argument, ...]) -> Paged:
    return Paged(on, (), None, (FIRST, AFTER, *filters))


FIRST = Argument(
    "first", int | None, "How many, 1 to 100.", convert=convert_page_size, default=DEFAULT_PAGE, neutral=NotImplemented
)
AFTER = Argument("after", str | None, "The cursor behind which the page begins.", convert=convert_cursor)


def _field(description: str, declaration: Declaration) -> Any:
    made: StrawberryField = strawberry.field(description=description, metadata={KEY: declaration})
    made.arguments = [
        StrawberryArgument(
            python_name=each.name,
            graphql_name=each.name,
            type_annotation=StrawberryAnnotation.from_annotation(each.type),  # type: ignore[arg-type]
            description=each.description,
            default=each.default,
        )
        for each in getattr(declaration, "arguments", ())
    ]
    return made
