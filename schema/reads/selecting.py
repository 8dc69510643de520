"""From a GraphQL document to what is selected: fragments and directives resolved, values taken out.

What is left is a tree that is equal for every request of the same shape, whatever its values and its caller: the key
under which the compiled statement is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues

from schema.faults import bad_input
from schema.reads.types import declared_arguments

TYPENAME = "__typename"


@dataclass(frozen=True)
class Bound:
    """Where the value of an argument is bound: the parameter's name, or one for each part of the value."""

    argument: str
    parameter: str
    parts: tuple[str, ...] = ()
    is_list: bool = False


@dataclass(frozen=True)
class Selected:
    """A field as selected. `fields` are those of each object type that it can turn out to be."""

    key: str
    name: str
    bound: tuple[Bound, ...] = ()
    fields: tuple[tuple[str, tuple["Selected", ...]], ...] = ()

    def of(self, type_name: str) -> tuple["Selected", ...]:
        """What is selected of one object type."""
        return dict(self.fields).get(type_name, ())

    def bound_to(self, argument: str) -> Bound | None:
        """Where the argument's value is, if it is given."""
        return next((each for each in self.bound if each.argument == argument), None)

    def parameter(self, argument: str) -> str:
        """The name of the parameter of an argument that always has a value."""
        return next(each.parameter for each in self.bound if each.argument == argument)


@dataclass
class Selector:
    """Walks one document. `values` are the arguments' values by the names of their parameters."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues
    values: dict[str, Any] = field(default_factory=dict)
    bound: dict[int, tuple[Bound, ...]] = field(default_factory=dict)
    """By the field in the document: one that is selected for several types is bound once, and stays equal."""

    def select(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Selected:
        """One field, of all the places in the document that name it for this key."""
        name = nodes[0].name.value
        if name == TYPENAME:
            return Selected(key, name)
        definition = parent.fields[name]
        if id(nodes[0]) not in self.bound:
            self.bound[id(nodes[0])] = tuple(self._bind(definition, nodes[0]))
        bound = self.bound[id(nodes[0])]
        inner = get_named_type(definition.type)
        if not is_composite_type(inner):
            return Selected(key, name, bound)
        possible: Any = self.schema.get_possible_types(inner) if is_abstract_type(inner) else [inner]
        sets = [node.selection_set for node in nodes if node.selection_set]
        return Selected(key, name, bound, tuple((each.name, self._fields(each, sets)) for each in possible))

    def _fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> tuple[Selected, ...]:
        collected: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for each in sets:
            for node in self._collect(type_, each, visited):
                collected.setdefault(response_key(node), []).append(node)
        return tuple(self.select(type_, key, nodes) for key, nodes in collected.items())

    def _collect(self, type_: GraphQLObjectType, of: SelectionSetNode, visited: set[str]) -> Iterator[FieldNode]:
        for node in of.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            fragment: InlineFragmentNode | FragmentDefinitionNode
            if isinstance(node, InlineFragmentNode):
                fragment = node
            elif node.name.value in visited:  # type: ignore[attr-defined]
                continue
            else:
                visited.add(node.name.value)  # type: ignore[attr-defined]
                fragment = self.fragments[node.name.value]  # type: ignore[attr-defined]
            if self._applies(fragment, type_):
                yield from self._collect(type_, fragment.selection_set, visited)

    def _is_included(self, node: SelectionNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _applies(self, fragment: InlineFragmentNode | FragmentDefinitionNode, type_: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        condition = type_from_ast(self.schema, fragment.type_condition)
        return condition is type_ or (is_abstract_type(condition) and self.schema.is_sub_type(condition, type_))

    def _bind(self, definition: GraphQLField, node: FieldNode) -> Iterator[Bound]:
        arguments = declared_arguments(definition)
        if not arguments:
            return
        given = get_argument_values(definition, node, self.variables)
        for argument in arguments:
            wanted = given.get(argument.name)
            if wanted == argument.neutral:
                continue
            value = argument.convert(wanted)
            parameter = f"a{len(self.values)}"
            parts = value if isinstance(value, dict) else {"": value}
            self.values |= {parameter + part: _plain(each) for part, each in parts.items()}
            named = tuple(parts) if isinstance(value, dict) else ()
            yield Bound(argument.name, parameter, named, isinstance(value, list))


def select(info: GraphQLResolveInfo[Any]) -> tuple[Selected, dict[str, Any]]:
    """What is selected of the field that is being resolved, and the values of its arguments."""
    # Strawberry's info has only the values of what graphql-core's has.
    variables = VariableValues({}, cast("dict[str, Any]", info.variable_values))
    selector = Selector(info.schema, info.fragments, variables)
    selected = selector.select(info.parent_type, response_key(info.field_nodes[0]), info.field_nodes)
    return selected, selector.values


def response_key(node: FieldNode) -> str:
    """The key of a field in the answer."""
    return node.alias.value if node.alias else node.name.value


def _plain(value: Any) -> Any:
    """A value as the database takes it. Raises BAD_USER_INPUT for text that no database holds."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str) and not _is_storable(value):
        raise bad_input("A text has a character that cannot be stored.")
    return value


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
