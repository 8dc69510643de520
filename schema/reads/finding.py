"""Which rows a field has: those tied to the row above, that the arguments ask for, and that the caller may see."""

from collections.abc import Iterable, Iterator
from typing import Any

from graphql import get_named_type
from sqlalchemy import Select, bindparam, false, select, true

from schema.reads.declarations import AnyOne, Argument, Declaration, Expression, Part, Relation, Within
from schema.reads.places import Place
from schema.reads.selecting import TYPENAME, Selected
from schema.reads.sql import VIEWER
from schema.reads.types import declared, python_name
from schema.reads.wanted import Wanted


def find(entry: Place, relation: Relation, selected: Selected, above: Place, wanted: Wanted) -> Select[Any]:
    """The rows of `entry` that belong to a row above."""
    tie = [] if relation.on is None else [relation.on]
    asked = _conditions(relation.arguments, selected, wanted)
    conditions = [above.move(entry.move(each)) for each in (*tie, *asked)]
    found = select(entry.all_columns).select_from(entry.rows).where(true(), *conditions, *_visible(entry, wanted))
    return found if above.is_root else found.correlate(above.rows)


def _visible(entry: Place, wanted: Wanted) -> Iterator[Expression]:
    """What keeps a customer's token away from rows that are not its own."""
    source = entry.source
    if wanted.for_customer and source.merchant_only:
        yield false()
    elif wanted.for_customer and source.owner:
        yield entry.column(source.owner) == VIEWER


def _conditions(arguments: Iterable[Argument], selected: Selected, wanted: Wanted) -> Iterator[Expression]:
    for argument in arguments:
        if argument.condition and selected.parameter(argument.name) in wanted.words:
            yield argument.condition(bindparam(selected.parameter(argument.name), None))


def goes_down(declaration: Declaration, type_: Any, selected: Selected) -> bool:
    """Whether a field, or a part of what it shows, is of other rows."""
    if not isinstance(declaration, Part):
        return isinstance(declaration, Relation | AnyOne | Within)
    inside = [(each, type_.fields[each.name]) for each in selected.of(type_.name) if each.name != TYPENAME]
    return any(
        goes_down(
            declaration.given.get(python_name(definition)) or declared(definition),
            get_named_type(definition.type),
            each,
        )
        for each, definition in inside
    )
