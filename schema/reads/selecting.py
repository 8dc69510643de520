"""From a GraphQL document to what is selected: fragments and directives resolved, values taken out.

What is left is a tree that is equal for every request of the same shape, whatever its values and its caller: the key
under which the compiled statement is kept.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Self, cast

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
    Undefined,
    VariableNode,
    get_argument_values,
    get_directive_values,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues

from schema.faults import bad_input
from schema.reads.declarations import Argument, Said
from schema.reads.types import declared_arguments
from schema.reads.variables import variables_in

TYPENAME = "__typename"


@dataclass(frozen=True)
class Selected:
    """A field as selected. `fields` are those of each object type that it can turn out to be.

    `site` is where its arguments are in the document: the beginning of the names of their parameters.
    """

    key: str
    name: str
    site: str = ""
    fields: tuple[tuple[str, tuple["Selected", ...]], ...] = ()

    def of(self, type_name: str) -> tuple["Selected", ...]:
        """What is selected of one object type."""
        return dict(self.fields).get(type_name, ())

    def parameter(self, argument: str, part: str = "") -> str:
        """The name of an argument's parameter, or of one part of its value."""
        return f"{self.site}{argument}{part}"


@dataclass(frozen=True)
class Site:
    """A field with arguments, at its place in a document."""

    name: str
    definition: GraphQLField
    node: FieldNode

    @cached_property
    def arguments(self) -> tuple[tuple[str, Argument], ...]:
        """What is declared, each with the name of its parameter."""
        return tuple((f"{self.name}{each.name}", each) for each in declared_arguments(self.definition))

    @cached_property
    def is_constant(self) -> bool:
        """Whether no variable has a say in it."""
        return not any(variables_in(each.value) for each in self.node.arguments or ())

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """Arguments by the variables that are their values, where that is all there is to it, as it mostly is."""
        given = {each.name.value: each.value for each in self.node.arguments or ()}
        defaults = {name for name, each in self.definition.args.items() if each.default_value is not Undefined}
        names = {name: each.name.value for name, each in given.items() if isinstance(each, VariableNode)}
        return names if names.keys() == given.keys() >= defaults else {}

    def bind(self, bindings: "Bindings", variables: VariableValues) -> None:
        """Adds what is bound in a request with these variables. Raises BAD_USER_INPUT."""
        given = self._given(variables)
        for parameter, argument in self.arguments:
            wanted = given.get(argument.name)
            if wanted != argument.neutral:
                bindings.add(parameter, argument.convert(wanted))

    def _given(self, variables: VariableValues) -> Mapping[str, Any]:
        found = {name: variables.coerced.get(variable) for name, variable in self.variables.items()}
        if found and None not in found.values():
            return found
        return get_argument_values(self.definition, self.node, variables)


@dataclass
class Bindings:
    """`values` by the names of their parameters; `given` are the arguments that ask for something at all.

    A statement is made for what is given, an argument that asks for nothing leaves no trace in it, and for the word
    that it has to know of a value.
    """

    given: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, parameter: str, value: Any) -> None:
        """An argument's value."""
        self.given[parameter] = value.word if isinstance(value, Said) else ""
        if isinstance(value, Said):
            self.values[parameter] = value.value
        elif isinstance(value, dict):
            self.values |= {parameter + part: _plain(each) for part, each in value.items()}
        else:
            self.values[parameter] = _plain(value)

    @classmethod
    def of(cls, sites: Iterable[Site], variables: VariableValues) -> Self:
        """Those of all fields of a document. Raises BAD_USER_INPUT."""
        together = cls()
        for site in sites:
            site.bind(together, variables)
        return together


@dataclass
class Selector:
    """Walks one document. `sites` are the fields with arguments that it has come by."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues
    sites: list[Site] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    """By the field in the document: one that is selected for several types is one site, and stays equal."""

    def select(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Selected:
        """One field, of all the places in the document that name it for this key."""
        name = nodes[0].name.value
        if name == TYPENAME:
            return Selected(key, name)
        definition = parent.fields[name]
        site = self._site(definition, nodes[0])
        inner = get_named_type(definition.type)
        if not is_composite_type(inner):
            return Selected(key, name, site)
        possible: Any = self.schema.get_possible_types(inner) if is_abstract_type(inner) else [inner]
        sets = [node.selection_set for node in nodes if node.selection_set]
        return Selected(key, name, site, tuple((each.name, self.fields(each, sets)) for each in possible))

    def _site(self, definition: GraphQLField, node: FieldNode) -> str:
        if not declared_arguments(definition):
            return ""
        if id(node) not in self.names:
            self.names[id(node)] = name = f"a{len(self.sites)}"
            self.sites.append(Site(name, definition, node))
        return self.names[id(node)]

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> tuple[Selected, ...]:
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


def select(info: GraphQLResolveInfo[Any]) -> tuple[Selected, Bindings]:
    """What is selected of the field that is being resolved, and the values of its arguments."""
    # Strawberry's info has only the values of what graphql-core's has.
    variables = VariableValues({}, cast("dict[str, Any]", info.variable_values))
    selector = Selector(info.schema, info.fragments, variables)
    selected = selector.select(info.parent_type, response_key(info.field_nodes[0]), info.field_nodes)
    return selected, Bindings.of(selector.sites, variables)


def response_key(node: FieldNode) -> str:
    """The key of a field in the answer."""
    return node.alias.value if node.alias else node.name.value


def _plain(value: Any) -> Any:
    """A value as the database takes it, a list as JSON. Raises BAD_USER_INPUT for text that no database holds."""
    if isinstance(value, list):
        return json.dumps([_plain(each) for each in value])
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
