"""Statements for what is selected: for one field of the root, for objects by their ids, and for a whole document."""

from collections.abc import Callable

import strawberry
from graphql import GraphQLSchema, get_named_type

from billing.compiled import DIALECTS, Compiled, is_too_deep
from billing.keys import stands
from schema.reads.compiling import Compiler
from schema.reads.declarations import Argument, Expression, Lookup
from schema.reads.keeping import Kept
from schema.reads.places import Place
from schema.reads.selecting import Selected
from schema.reads.sql import KEY, json_object, text_of
from schema.reads.types import declared
from schema.reads.wanted import LEVELS, Declined, Wanted

# The only argument of a lookup that no document makes.
KEYS = Argument("keys", list[strawberry.ID], "")


Make = Callable[[Compiler], Compiled]

_kept = Kept()


def compile_field(schema: GraphQLSchema, parent: str, selected: Selected, wanted: Wanted) -> Compiled:
    """The statement for one field of the root."""

    def make(compiler: Compiler) -> Compiled:
        definition = schema.type_map[parent].fields[selected.name]  # type: ignore[attr-defined]
        kind, root = get_named_type(definition.type), Place.root()
        return _written(root, compiler.value(declared(definition), kind, selected, root), wanted)

    return _kept.get((schema, parent, selected, wanted), lambda: _fitting(make, schema, wanted))


def compile_lookup(schema: GraphQLSchema, type_name: str, selected: Selected, wanted: Wanted) -> Compiled:
    """The statement for the objects of one type by their ids, which are bound as `keys`."""

    def make(compiler: Compiler) -> Compiled:
        lookup, root = Lookup("id", lambda _: None, KEYS, is_list=True), Place.root()
        return _written(root, compiler.value(lookup, schema.type_map[type_name], selected, root), wanted)

    return _kept.get((schema, type_name, KEYS, selected, wanted), lambda: _fitting(make, schema, wanted))


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


def _fitting(make: Make, schema: GraphQLSchema, wanted: Wanted) -> Compiled:
    """The statement that reads as far down as the database's parser lets it."""
    compiler = Compiler(schema, wanted)
    made = make(compiler)
    for deepest in LEVELS:
        # Where nothing of it is as deep the statement would be the same.
        if any(level >= deepest for level in compiler.above) and is_too_deep(made.sql, wanted.dialect):
            compiler = Compiler(schema, wanted._replace(deepest=deepest))
            made = make(compiler)
    return made
