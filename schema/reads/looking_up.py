"""Rows of any type by their keys, which are bound as one list of texts: a noun, a space and the key."""

from typing import Any, Protocol

from graphql import GraphQLNamedType, GraphQLSchema
from sqlalchemy import Select, String, bindparam, case, cast, column, func, null, select, true

from schema.reads.declarations import Expression, Lookup, Relation, Source
from schema.reads.finding import find
from schema.reads.places import Place
from schema.reads.selecting import Selected
from schema.reads.sql import Json, JsonList, Unfolded, constant
from schema.reads.types import sources_of
from schema.reads.wanted import LOOKED_UP, Wanted


class Nodes(Protocol):
    """Whoever makes an object of a row."""

    @property
    def schema(self) -> GraphQLSchema:
        """Whose types the objects are of."""

    @property
    def wanted(self) -> Wanted:
        """For whom."""

    def node(self, type_: Any, selected: Selected, place: Place) -> Expression:
        """A row as an object."""


def look_up(compiler: Nodes, lookup: Lookup, type_: GraphQLNamedType, selected: Selected, above: Place) -> Select[Any]:
    """The objects in the order of their keys, or the only one."""
    parameter = selected.parameter(lookup.argument.name)
    keys = Unfolded(bindparam(parameter, None, type_=String())).table_valued(column("value", String()))
    sources = sources_of(compiler.schema, type_)
    sought = [sources[noun] for noun in compiler.wanted.words[parameter].split() if noun in sources]
    nodes = [_keyed(compiler, lookup, type_, selected, source, above, keys) for source in sought]
    node = Json(case(*nodes) if nodes else null())
    return select(JsonList(node, true()) if lookup.is_list else node).select_from(keys)


def _keyed(
    compiler: Nodes,
    lookup: Lookup,
    type_: GraphQLNamedType,
    selected: Selected,
    source: Source,
    above: Place,
    keys: Any,
) -> tuple[Expression, Expression]:
    """Whether a key is of this noun, and the object that has it."""
    entry, noun = above.entry(source, LOOKED_UP), f"{source.noun} "
    mine = entry.column(lookup.column)
    key = cast(func.substr(keys.c.value, len(noun) + 1), mine.type)
    found = find(entry, Relation(), selected, above, compiler.wanted).where(mine == key).correlate(keys)
    below = entry.among(found)
    is_of_noun = func.substr(keys.c.value, 1, len(noun)) == constant(noun)
    return is_of_noun, below.gather(compiler.node(type_, selected, below)).scalar_subquery()
