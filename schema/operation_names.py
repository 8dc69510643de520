"""What a document that was run is counted as: few names, and none that a client made up."""

from collections.abc import Iterator
from functools import lru_cache

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    parse,
)

from schema.parsing import parsed

SEVERAL, INVALID = "several", "invalid"


@lru_cache(maxsize=512)
def root_field(query: str, operation_name: str | None) -> str:
    """The one root field of the operation, by its name in the schema; `several` where there are more.

    Only for a document that has passed validation: it says nothing of whether the field exists.
    """
    return root_field_of(parsed(query) or parse(query), operation_name)


@lru_cache(maxsize=512)
def is_live(query: str, operation_name: str | None) -> bool:
    """Whether the operation is a subscription; whatever could not be run is none."""
    document = parsed(query)
    operation = get_operation_ast(document, operation_name) if document else None
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


def root_field_of(document: DocumentNode, operation_name: str | None) -> str:
    """The same of a document that was parsed before."""
    operations = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    operation = next(each for each in operations if not operation_name or name_of(each) == operation_name)
    fields = set(_fields(document, operation.selection_set))
    return fields.pop() if len(fields) == 1 else SEVERAL


def name_of(operation: OperationDefinitionNode) -> str | None:
    """The operation's own."""
    return operation.name.value if operation.name else None


def _fields(document: DocumentNode, selections: SelectionSetNode) -> Iterator[str]:
    for each in selections.selections:
        if isinstance(each, FieldNode):
            yield each.name.value
        elif isinstance(each, InlineFragmentNode):
            yield from _fields(document, each.selection_set)
        elif isinstance(each, FragmentSpreadNode):
            yield from _fields(document, _fragment(document, each.name.value))


def _fragment(document: DocumentNode, name: str) -> SelectionSetNode:
    fragments = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
    return next(each.selection_set for each in fragments if each.name.value == name)
