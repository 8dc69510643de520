"""Statements for what is selected: for one field of the root, for objects by their ids, and for a whole document."""

from collections.abc import Callable
from functools import lru_cache

import strawberry
from graphql import GraphQLSchema, get_named_type

from billing.compiled import DIALECTS, Compiled, is_too_deep
from billing.keys import stands
from schema.reads.compiling import Compiler
from schema.reads.declarations import Argument, Expression, Lookup
from schema.reads.places import Place
from schema.reads.selecting import Selected
from schema.reads.sql import KEY, json_object, text_of
from schema.reads.types import declared
from schema.reads.wanted import LEVELS, Declined, Wanted

STATEMENTS_KEPT = 512

# The only argument of a lookup that no document makes.
KEYS = Argument("keys", list[strawberry.ID], "")


Make = Callable[[Wanted], Compiled]


@lru_cache(maxsize=STATEMENTS_KEPT)
def compile_field(schema: GraphQLSchema, parent: str, selected: Selected, wanted: Wanted) -> Compiled:
    """The statement for one field of the root."""
    definition = schema.type_map[parent].fields[selected.name]  # type: ignore[attr-defined]
    kind = get_named_type(definition.type)

    def make(wanted: Wanted) -> Compiled:
        root = Place.root()
        return _written(root, Compiler(schema, wanted).value(declared(definition), kind, selected, root), wanted)

    return _fitting(make, wanted)


@lru_cache(maxsize=STATEMENTS_KEPT)
def compile_lookup(schema: GraphQLSchema, type_name: str, selected: Selected, wanted: Wanted) -> Compiled:
    """The statement for the objects of one type by their ids, which are bound as `keys`."""
    lookup = Lookup("id", lambda _: None, KEYS, is_list=True)

    def make(wanted: Wanted) -> Compiled:
        root = Place.root()
        value = Compiler(schema, wanted).value(lookup, schema.type_map[type_name], selected, root)
        return _written(root, value, wanted)

    return _fitting(make, wanted)


def compile_document(schema: GraphQLSchema, parent: str, selected: tuple[Selected, ...], wanted: Wanted) -> Compiled:
    """The statement for all that is selected of the root; in the second column, whether the key of KEY still stands.

    Raises Declined.
    """
    root, compiler = Place.root(), Compiler(schema, wanted)
    fields = compiler.fields(schema.type_map[parent], selected, root)  # type: ignore[arg-type]
    made = _written(root, json_object(fields), wanted, stands(KEY))
    if is_too_deep(made.sql, wanted.dialect):
        raise Declined
    return made


def _written(root: Place, value: Expression, wanted: Wanted, *more: Expression) -> Compiled:
    return Compiled.of(root.gather(text_of(value), *more), DIALECTS[wanted.dialect])


def _fitting(make: Make, wanted: Wanted) -> Compiled:
    """The statement that reads as far down as the database's parser lets it."""
    for deepest in (wanted.deepest, *(each for each in LEVELS if each < wanted.deepest)):
        made = make(wanted._replace(deepest=deepest))
        if not is_too_deep(made.sql, wanted.dialect):
            break
    return made
