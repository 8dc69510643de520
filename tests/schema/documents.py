"""Documents made from the schema itself: everything that can be selected, to a depth."""

from typing import Any

from graphql import (
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

# What is looked at by other means: it takes code, and rows that add up.
NOT_SELECTED = {"receipt", "intact", "brokenAt"}


def selection(schema: GraphQLSchema, type_: Any, levels: int, prefix: str = "") -> str:
    """Everything of a type, and of what it refers to, so many levels of objects down.

    Fields of an interface's types are prefixed with the types' names: those of one name may be of different kinds.
    """
    type_ = get_named_type(type_)
    if is_leaf_type(type_):
        return ""
    if is_abstract_type(type_):
        kinds = schema.get_possible_types(type_)
        inner = " ".join(f"... on {each.name} {selection(schema, each, levels, f'{each.name}_')}" for each in kinds)
        return "{ __typename " + inner + " }"
    fields = [
        _field(schema, type_, name, each, levels) for name, each in type_.fields.items() if name not in NOT_SELECTED
    ]
    named = (f"{prefix}{each.split()[0]}: {each}" if prefix else each for each in fields if each)
    return "{ __typename " + " ".join(named) + " }"


def _field(schema: GraphQLSchema, parent: Any, name: str, definition: GraphQLField, levels: int) -> str:
    if any(is_required_argument(each) for each in definition.args.values()):
        return ""
    inner = get_named_type(definition.type)
    if is_leaf_type(inner):
        return name
    # What holds a connection together is no level of its own; what can be anything ends the document.
    below = levels if name in ("edges", "node", "pageInfo") else levels - 1
    if parent.name == "Change" and name == "node":
        below = min(levels - 1, 0)
    return f"{name} {selection(schema, inner, below)}" if below >= 0 else ""


def texts(answer: Any) -> set[str]:
    """Every text in an answer."""
    if isinstance(answer, dict):
        return set().union(*map(texts, answer.values())) if answer else set()
    if isinstance(answer, list):
        return set().union(*map(texts, answer)) if answer else set()
    return {answer} if isinstance(answer, str) else set()
