"""The words in which a GraphQL type says where it lives.

Each word makes one field of a Strawberry type and keeps in the field's metadata how it is read. Expressions are written
over the tables' own columns; the compiler moves them to the place in the statement where the type is selected.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, dataclass_transform, get_origin

import strawberry
from sqlalchemy import ColumnElement, case, func
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from schema.reads.cursors import convert_cursor, convert_number, convert_page_size
from schema.reads.declarations import (
    COST,
    DEFAULT_PAGE,
    KEY,
    MERCHANT_ONLY,
    AnyOne,
    Argument,
    Declaration,
    Expression,
    Filled,
    Identity,
    Leaf,
    Lookup,
    Many,
    One,
    Order,
    Paged,
    Part,
    Source,
    Within,
    as_given,
)
from schema.reads.promises import never_null
from schema.reads.sql import Among, Major, constant

T = TypeVar("T", bound=type[Any])


def node(table: Any, noun: str, **traits: Any) -> Callable[[T], T]:
    """A type, or an interface of types, that lives in a table; the traits are those of Source."""

    def decorate(cls: T) -> T:
        cls.__source__ = Source(getattr(table, "__table__", table), noun, **traits)
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
    other = constant("OTHER")
    return case((known, upper), else_=other if never_null(expression) else case((expression.is_not(None), other)))


def money(amount: Expression, currency: Expression, description: str) -> Any:
    """An amount in the currency's smallest unit, as Money; null where there is none."""
    when = None if never_null(amount) else amount.is_not(None)
    return part(description, when=when, amount=Major(amount, currency), currency=currency)


def part(description: str, *, when: Expression = None, **given: Expression) -> Any:
    """An object made of the same row: of what is given by name, expressions or words, or of what its type declares."""
    declarations = {
        name: each.metadata[KEY] if isinstance(each, StrawberryField) else Leaf(each) for name, each in given.items()
    }
    return _field(description, Part(declarations, when))


def one(description: str, *arguments: Argument, on: Expression = None, order: Order = ()) -> Any:
    """The related row, or the first in the order."""
    return _field(description, One(on, order, None, arguments))


def any_one(description: str, *, noun: Expression, key: Expression, nouns: tuple[str, ...]) -> Any:
    """The object that a noun and an id of the row name; null where the caller sees none."""
    return _field(description, AnyOne(noun, key, nouns))


def many(description: str, *, on: Expression, order: Order, when: Expression = None) -> Any:
    """All related rows, where there are few."""
    return _field(description, Many(on, order, when))


def paged(description: str, *filters: Argument, on: Expression = None, by: Expression = None) -> Any:
    """A connection: one page of the related rows, newest first, or by a time of the row's own, earliest first."""
    return _field(description, _page(on, filters, () if by is None else (by,)))


def paged_within(source: Any, argument: Argument, description: str, *filters: Argument, on: Expression) -> Any:
    """A connection of the row that the argument finds."""
    return _field(description, Within(source, argument, _page(on, filters)))


def numbered(description: str, *, on: Expression) -> Any:
    """A connection of the related rows of a numbered source, newest first."""
    return _field(description, Paged(on, (), None, (FIRST, AFTER_NUMBER)))


def numbered_from(
    source: Any,
    reaches: Callable[[Expression], Expression],
    description: str,
    *filters: Argument,
    by: Expression,
    absent: Callable[[], Exception],
) -> Any:
    """A connection of numbered rows, oldest first, where what is behind the cursor is known.

    `reaches` asks of a number whether the row of `source` reaches so far; where not, the answer is what `absent` makes.
    """
    after = replace(AFTER_NUMBER, condition=reaches)
    return _field(description, Within(source, after, Paged(None, (by,), None, (FIRST, after, *filters)), absent))


def lookup(column: str, parse: Callable[[str], tuple[str, Any] | None], argument: Argument, description: str) -> Any:
    """Objects of any type by their keys: the argument takes one, or a list of them."""
    return _field(description, Lookup(column, parse, argument, is_list=get_origin(argument.type) is list))


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
    name: str, type_: Any, compared: Expression, description: str, *, convert: Any = as_given, default: Any = None
) -> Argument:
    """An argument to which something has to be equal."""
    default = strawberry.UNSET if default is None else default
    return Argument(name, type_, description, lambda wanted: compared == wanted, convert, default)


def among(name: str, type_: Any, compared: Expression, description: str) -> Argument:
    """An argument that lists what something may be."""
    return Argument(name, list[type_] | None, description, lambda wanted: Among(compared, wanted))


def _page(on: Expression, filters: tuple[Argument, ...], order: Order = ()) -> Paged:
    return Paged(on, order, None, (FIRST, AFTER, *filters))


FIRST = Argument(
    "first", int | None, "How many, 1 to 100.", convert=convert_page_size, default=DEFAULT_PAGE, neutral=NotImplemented
)
AFTER = Argument("after", str | None, "The cursor behind which the page begins.", convert=convert_cursor)
AFTER_NUMBER = replace(AFTER, convert=convert_number)


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
