"""What an answer may cost, checked before any SQL: a document may ask for a lot, and not for everything at once.

What its variables say, the sizes of pages, counts, so this is reckoned with each request; `schema.shapes` has what a
document says alone. A fragment is measured once however often it is used, so that measuring itself stays cheap.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    type_from_ast,
)
from strawberry.extensions import SchemaExtension

from schema.faults import COST_EXCEEDED, fault
from schema.reads.declarations import (
    COST,
    DEFAULT_PAGE,
    LARGEST_PAGE,
    AnyOne,
    Declaration,
    Lookup,
    Many,
    One,
    Paged,
    Within,
)
from schema.reads.selecting import TYPENAME
from schema.reads.types import DEFINITION, declaration_of

HIGHEST_COST = 50_000
"""Objects in the answer, were every page full."""

# What a list counts for that has no pages.
LIST_SIZE = 3
# Of a connection only the edges count, each for its node.
CONNECTION_PARTS = frozenset({"node", "pageInfo"})

Below = Callable[[], int]
OfField = Callable[[FieldNode, Any, Below], int]


class CostLimit(SchemaExtension):
    """What no request may go beyond. Raises COST_EXCEEDED."""

    def on_execute(self) -> Iterator[None]:
        """Before the first resolver."""
        document, schema = self.execution_context.graphql_document, self.execution_context.schema
        if document is not None:
            name, variables = self.execution_context.operation_name, self.execution_context.variables or {}
            cost = cost_of(schema._schema, document, name, variables)  # noqa: SLF001 - there is no other way to it
            if cost > HIGHEST_COST:
                raise fault(
                    COST_EXCEEDED,
                    f"The answer could have {cost} objects, and may have {HIGHEST_COST}: ask for smaller pages.",
                )
        yield


def cost_of(schema: GraphQLSchema, document: DocumentNode, operation: str | None, variables: Mapping[str, Any]) -> int:
    """How many objects the answer could have, and what else is dear."""
    chosen = [
        each
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode) and (not operation or (each.name and each.name.value == operation))
    ]
    return max((Measure(schema, document, _Prices(each, variables).of, sum).of(each) for each in chosen), default=0)


@dataclass
class Measure:
    """One number for a selection: what `of_field` says of each field, `together`. Introspection counts for nothing.

    It is given the field, the type that it is selected of, where there is a schema, and what is below. A `__typename`
    counts under another name: there can be many of it.
    """

    schema: GraphQLSchema | None
    document: DocumentNode
    of_field: OfField
    together: Callable[[Iterable[int]], int]
    known: dict[str, int] = field(default_factory=dict)

    @property
    def each(self) -> list[int]:
        """That of each operation."""
        return [self.of(one) for one in self.document.definitions if isinstance(one, OperationDefinitionNode)]

    def of(self, operation: OperationDefinitionNode) -> int:
        """That of one operation."""
        root = self.schema.get_root_type(operation.operation) if self.schema else None
        return self._set(operation.selection_set, root)

    def _set(self, selections: SelectionSetNode | None, type_: Any) -> int:
        return self.together([self._one(each, type_) for each in selections.selections]) if selections else 0

    def _one(self, node: SelectionNode, type_: Any) -> int:
        if isinstance(node, FieldNode):
            return self._field(node, type_)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        return self._fragment_set(node, type_)

    def _field(self, node: FieldNode, type_: Any) -> int:
        if node.name.value.startswith("__") and (node.name.value != TYPENAME or not node.alias):
            return 0
        definition = definition_of(node, type_)
        inner = get_named_type(definition.type) if definition else None
        return self.of_field(node, type_, lambda: self._set(node.selection_set, inner))

    def _fragment(self, name: str) -> int:
        if name not in self.known:
            self.known[name] = 0  # for one that leads back to itself, which another rule refuses
            found = (each for each in self.document.definitions if isinstance(each, FragmentDefinitionNode))
            fragment = next((each for each in found if each.name.value == name), None)
            self.known[name] = self._fragment_set(fragment, None) if fragment else 0
        return self.known[name]

    def _fragment_set(self, fragment: Any, type_: Any) -> int:
        if self.schema and fragment.type_condition:
            type_ = type_from_ast(self.schema, fragment.type_condition)
        return self._set(fragment.selection_set, type_)


@dataclass(frozen=True)
class _Prices:
    """What each field of an operation costs with these variables."""

    operation: OperationDefinitionNode
    variables: Mapping[str, Any]

    def of(self, node: FieldNode, type_: Any, below: Below) -> int:
        """An object counts for one, a page for its size, a part of an object and a plain value for nothing."""
        definition = definition_of(node, type_)
        if definition is None:
            return below()
        own: int = definition.extensions[DEFINITION].metadata.get(COST, 0)
        return own + self._size(node, declaration_of(definition)) * (self._weight(node, definition) + below())

    def _size(self, node: FieldNode, declaration: Declaration | None) -> int:
        if isinstance(declaration, Paged | Within):
            size = self._value(node, "first")
            return min(size, LARGEST_PAGE) if isinstance(size, int) and size > 0 else DEFAULT_PAGE
        if isinstance(declaration, Lookup):
            keys = self._value(node, "ids")
            return len(keys) if isinstance(keys, list) else 1
        return LIST_SIZE if isinstance(declaration, Many) else 1

    def _weight(self, node: FieldNode, definition: GraphQLField) -> int:
        """Whether it is an object of its own."""
        declaration = declaration_of(definition)
        if declaration is None:
            return 1 if node.selection_set and node.name.value not in CONNECTION_PARTS else 0
        return 1 if isinstance(declaration, AnyOne | One | Many | Lookup) else 0

    def _value(self, node: FieldNode, argument: str) -> Any:
        """What is given for an argument: a number, a list of anything, or None."""
        given = next((each.value for each in node.arguments or () if each.name.value == argument), None)
        if isinstance(given, VariableNode):
            name = given.name.value
            defaults = {
                each.variable.name.value: each.default_value for each in self.operation.variable_definitions or ()
            }
            return self.variables[name] if name in self.variables else _literal(defaults.get(name))
        return _literal(given)


def definition_of(node: FieldNode, type_: Any) -> GraphQLField | None:
    """What a field is in the type that it is selected of; None where there is no such field, or type."""
    found: GraphQLField | None = getattr(type_, "fields", {}).get(node.name.value)
    return found


def _literal(node: ValueNode | None) -> Any:
    if isinstance(node, IntValueNode):
        return int(node.value)
    return list(node.values) if isinstance(node, ListValueNode) else None
