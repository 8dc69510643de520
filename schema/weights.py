"""How much there is to compile for a document, in plain fields: each compiles in about a sixth of a millisecond.

Documents are compiled between the answers to others, who wait meanwhile; what is reckoned here is what they wait for.
"""

from functools import cache
from typing import Any

from graphql import FieldNode, GraphQLSchema, get_named_type, is_abstract_type
from sqlalchemy.sql import coercions, roles, visitors

from schema.limits import Below, definition_of
from schema.reads.declarations import AnyOne, Declaration, Expression, Leaf, Lookup, Relation, Within
from schema.reads.types import DEFINITION, declaration_of, field_type

# A select of rows, and so many elements of a long expression.
ROWS, ELEMENTS = 5, 10


def weight_of(node: FieldNode, type_: Any, below: Below, schema: GraphQLSchema) -> int:
    """That of a field with what is below it: each of the types that an interface can be is compiled on its own."""
    definition = definition_of(node, type_)
    declaration = declaration_of(definition) if definition else None
    if definition is None or declaration is None:
        return 1 + below()
    return _kinds(schema, type_) * (_own(schema, declaration, get_named_type(definition.type)) + below())


def _own(schema: GraphQLSchema, declaration: Declaration, type_: Any) -> int:
    match declaration:
        case AnyOne():
            return ROWS * len(declaration.nouns)
        case Lookup(is_list=True):
            return ROWS * _kinds(schema, type_)
        case Relation() | Within() | Lookup():
            source = getattr(_row_type(type_).extensions[DEFINITION].origin, "__source__", None)
            return ROWS + (0 if source is None or source.rows is None else _length(source.rows))
        case Leaf():
            shown = (each for each in (declaration.expression, declaration.customers) if each is not None)
            return 1 + max(_length(coercions.expect(roles.ExpressionElementRole, each)) for each in shown)
    return 1


def _row_type(type_: Any) -> Any:
    """That of the rows, where this is the type of a page of them."""
    return field_type(field_type(type_, "edges"), "node") if "edges" in getattr(type_, "fields", ()) else type_


def _kinds(schema: GraphQLSchema, type_: Any) -> int:
    return len(schema.get_possible_types(type_)) if is_abstract_type(type_) else 1


@cache
def _length(expression: Expression) -> int:
    """What it adds; the schema has so many expressions and no more."""
    return sum(1 for _ in visitors.iterate(expression)) // ELEMENTS
