"""What a GraphQL type of the built schema says about where it lives."""

from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
)

from schema.reads.declarations import KEY, Argument, Declaration, Expression, Source

DEFINITION = "strawberry-definition"


def declaration_of(definition: GraphQLField) -> Declaration | None:
    """How a field is read; None for one that is not declared so."""
    found: Declaration | None = definition.extensions[DEFINITION].metadata.get(KEY)
    return found


def declared(definition: GraphQLField) -> Declaration:
    """How a field is read. Raises TypeError for one that is not declared so: a type selected of a row has no others."""
    found = declaration_of(definition)
    if found is None:
        raise TypeError(f"{python_name(definition)} does not say where it lives")
    return found


def declared_arguments(definition: GraphQLField) -> tuple[Argument, ...]:
    """The arguments of a declared field."""
    found: tuple[Argument, ...] = getattr(declaration_of(definition), "arguments", ())
    return found


def python_name(definition: GraphQLField) -> str:
    """The field's name in the Python class."""
    name: str = definition.extensions[DEFINITION].python_name
    return name


def source_of(type_: GraphQLNamedType) -> Source:
    """Where the type lives."""
    source: Source = _origin(type_).__source__
    return source


def condition_of(type_: GraphQLNamedType) -> Expression:
    """Which rows of its source are of this type; None: all that are of no other."""
    return getattr(_origin(type_), "__when__", None)


def kinds_of(schema: GraphQLSchema, type_: GraphQLNamedType, source: Source) -> list[GraphQLObjectType]:
    """The object types that rows of this source can be, the one without a condition last."""
    kinds = [each for each in _possible(schema, type_) if source_of(each) is source]
    return sorted(kinds, key=lambda each: condition_of(each) is None)


def sources_of(schema: GraphQLSchema, type_: GraphQLNamedType) -> dict[str, Source]:
    """Where such objects can live, by noun."""
    return {source.noun: source for source in map(source_of, _possible(schema, type_))}


def field_type(type_: Any, name: str) -> Any:
    """The named type of an object type's field."""
    return get_named_type(type_.fields[name].type)


def _possible(schema: GraphQLSchema, type_: Any) -> list[GraphQLObjectType]:
    return list(schema.get_possible_types(type_)) if is_abstract_type(type_) else [type_]


def _origin(type_: GraphQLNamedType) -> Any:
    return type_.extensions[DEFINITION].origin
