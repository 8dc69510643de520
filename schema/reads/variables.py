"""What the variables of a document are for, looked at once, before any request brings values for them."""

from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, Node, OperationDefinitionNode, VariableNode, Visitor, print_ast, visit

# What GraphQL takes for a value of these types without making anything else of it.
PLAIN = {"ID": str, "String": str, "Boolean": bool}
# The arguments that say how much is read.
SIZES = frozenset({"first", "ids"})


def uses_of(document: DocumentNode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The variables that decide on fields, and those that say how much is read."""
    uses = _Uses()
    visit(document, uses)
    return tuple(sorted(uses.deciding)), tuple(sorted(uses.sizing))


def plain_of(operation: OperationDefinitionNode) -> Mapping[str, type] | None:
    """Its variables with the types of their values, if none has to be made into another; None if one has to be."""
    defined = operation.variable_definitions or ()
    kinds = {each.variable.name.value: PLAIN.get(print_ast(each.type).rstrip("!")) for each in defined}
    known = {name: kind for name, kind in kinds.items() if kind}
    return known if known.keys() == kinds.keys() else None


class _Uses(Visitor):
    """Which variables decide on fields, and which on sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.deciding: set[str] = set()
        self.sizing: set[str] = set()

    def enter_directive(self, node: Any, *_: Any) -> None:
        """Skip and include."""
        self.deciding.update(variables_in(node))

    def enter_argument(self, node: Any, *_: Any) -> None:
        """A field's, or a directive's."""
        if node.name.value in SIZES:
            self.sizing.update(variables_in(node))


def variables_in(node: Node) -> set[str]:
    """Those that have a say in a part of a document."""
    found: set[str] = set()

    class Collector(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            found.add(variable.name.value)

    visit(node, Collector())
    return found
