"""What no document may go beyond, whatever its variables.

It is looked at before the rules of validation, because some of those take the square of what is written, or more: each
look here is linear, or bounded by the one before it.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FieldsOnCorrectTypeRule,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.faults import COST_EXCEEDED, VALIDATION_FAILED, bad_input, fault
from schema.limits import Measure
from schema.parsing import REMEMBERED
from schema.weights import weight_of

MOST_DEFINITIONS = 60
"""Operations and fragments."""
MOST_VARIABLES = 100
MOST_LEVELS = 15
MOST_FIELDS = 1_000
"""How much there is to compile: fragments and the types of interfaces unrolled, by their weight."""
MOST_ROOT_FIELDS = 20
# One call makes an object of JSON, and PostgreSQL's takes 50 keys: a type's own fields and these have to fit in.
MOST_ALIASES = 25
MOST_DIRECTIVES = 5
"""On one field."""
MOST_PAIRS = 2_000
"""Of fields that answer under one key of one object, and of fragments of one selection: each is compared with each."""

# More would only repeat what the client knows by then.
MOST_ERRORS = 10
# Stops at the first fields that do not exist; other rules look through the whole document before they begin.
FIRST = (FieldsOnCorrectTypeRule,)
# The specification's, and Strawberry's own.
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
WITHOUT_INTROSPECTION = (*RULES, NoSchemaIntrospectionCustomRule)

Fragments = dict[str, FragmentDefinitionNode]


class Checked(SchemaExtension):
    """Validates what is small enough to be validated, once for each document."""

    def on_validate(self) -> Iterator[None]:
        """In place of what Strawberry does itself."""
        context = self.execution_context
        document = context.graphql_document
        if document is not None:
            # Its public name is that of the first operation where the client gave none.
            named = context._provided_operation_name  # noqa: SLF001
            context.pre_execution_errors = _ambiguity(document, named) or self.errors_of(document)
        yield

    def errors_of(self, document: DocumentNode) -> list[GraphQLError]:
        """What is wrong with it."""
        schema: Any = self.execution_context.schema
        return errors_of(schema._schema, document, schema.introspection)  # noqa: SLF001 - no other way to it


def _ambiguity(document: DocumentNode, operation: str | None) -> list[GraphQLError]:
    """One error where it has several operations and none is named; Strawberry would run the first."""
    if operation or sum(isinstance(each, OperationDefinitionNode) for each in document.definitions) < 2:
        return []
    return [bad_input("The document has several operations; name one as `operationName`.")]


def look_for_errors(schema: GraphQLSchema, document: DocumentNode, introspection: bool) -> list[GraphQLError]:
    """What is wrong with a document: that it is too large, or what the rules say.

    Without introspection nothing gives hints at names either.
    """
    try:
        problems = list(problems_of(schema, document))
    except RecursionError:
        problems = [fault(COST_EXCEEDED, "The document is nested too deeply.")]
    for rules in (FIRST, RULES if introspection else WITHOUT_INTROSPECTION):
        problems = problems or validate(schema, document, rules, MOST_ERRORS, not introspection)
    return problems


def errors_of(schema: GraphQLSchema, document: DocumentNode, introspection: bool) -> list[GraphQLError]:
    """The same, found out once for a document that is kept."""
    return list(_errors_of(schema, _Itself(document), introspection))


class _Itself:
    """A document as what it is: as what is written in it, all of that would be hashed at each look."""

    def __init__(self, document: DocumentNode) -> None:
        self.document = document

    def __hash__(self) -> int:
        return id(self.document)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.document is self.document


@lru_cache(maxsize=REMEMBERED)
def _errors_of(schema: GraphQLSchema, kept: _Itself, introspection: bool) -> list[GraphQLError]:
    return look_for_errors(schema, kept.document, introspection)


def problems_of(schema: GraphQLSchema, document: DocumentNode) -> Iterator[GraphQLError]:
    """An error for each limit that the document goes beyond; what could only be reckoned within others comes last."""
    found = list(_excesses(_written(document))) or list(_misused(document))
    found = found or list(_excesses(_unrolled(schema, document)))
    yield from found or _excesses(
        [("pairs of fields or fragments that have to be compared", _pairs(document), MOST_PAIRS)]
    )


def _excesses(counted: Iterator[tuple[str, int, int]] | list[tuple[str, int, int]]) -> Iterator[GraphQLError]:
    for what, found, most in counted:
        if found > most:
            yield fault(COST_EXCEEDED, f"A document may have at most {most} {what}; this one has {found}.")


def _written(document: DocumentNode) -> Iterator[tuple[str, int, int]]:
    """What is there to be counted one by one."""
    yield "operations and fragments", len(document.definitions), MOST_DEFINITIONS
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    variables = [each for operation in operations for each in operation.variable_definitions or ()]
    yield "variables", len(variables), MOST_VARIABLES
    selections = [each for definition in document.definitions for each in _below(definition)]
    yield "aliases", sum(isinstance(each, FieldNode) and each.alias is not None for each in selections), MOST_ALIASES
    places = [*document.definitions, *variables, *selections]
    yield (
        "directives at one place",
        max(len(getattr(each, "directives", None) or ()) for each in places),
        MOST_DIRECTIVES,
    )


def _below(definition: Node) -> Iterator[SelectionNode]:
    """Every selection that is written in a definition."""
    waiting = [definition]
    while waiting:
        selected = getattr(waiting.pop(), "selection_set", None)
        if selected:
            yield from selected.selections
            waiting.extend(selected.selections)


def _fragments(document: DocumentNode) -> Fragments:
    return {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}


def _misused(document: DocumentNode) -> Iterator[GraphQLError]:
    """Fragments that cannot be unrolled, or need not be."""
    fragments = _fragments(document)
    spread = {
        name: {each.name.value for each in _below(fragment) if isinstance(each, FragmentSpreadNode)}
        for name, fragment in fragments.items()
    }
    done: set[str] = set()
    while ready := {name for name, inner in spread.items() if name not in done and not inner & spread.keys() - done}:
        done |= ready
    if circular := sorted(spread.keys() - done):
        yield fault(VALIDATION_FAILED, f"Fragments may not lead back to themselves: {', '.join(circular)}.")
    operations = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    used = {each.name.value for one in operations for each in _below(one) if isinstance(each, FragmentSpreadNode)}
    while more := {inner for name in used for inner in spread.get(name, ())} - used:
        used |= more
    if unused := sorted(spread.keys() - used):
        yield fault(VALIDATION_FAILED, f"These fragments are never used: {', '.join(unused)}.")


def _unrolled(schema: GraphQLSchema, document: DocumentNode) -> Iterator[tuple[str, int, int]]:
    """What fragments make more of than is written."""
    depth = Measure(None, document, lambda _, __, below: 1 + below(), lambda found: max(found, default=0))
    fields = Measure(schema, document, partial(weight_of, schema=schema), sum)
    width = Measure(None, document, lambda *_: 1, sum)
    yield "levels of fields", max(depth.each, default=0), MOST_LEVELS
    yield "fields, unrolled and by their weight", sum(fields.each), MOST_FIELDS
    yield "fields at its root", max(width.each, default=0), MOST_ROOT_FIELDS


def _pairs(document: DocumentNode) -> int:
    fragments = _fragments(document)
    operations = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return sum(_pairs_in([each.selection_set], fragments) for each in operations)


def _pairs_in(sets: list[SelectionSetNode], fragments: Fragments) -> int:
    """How many comparisons a rule makes: https://spec.graphql.org/October2021/#sec-Field-Selection-Merging."""
    fields, spread = _merged(sets, fragments)
    below = ([each.selection_set for each in same if each.selection_set] for same in fields.values())
    own = _pairs_of(len(spread)) + sum(_pairs_of(len(same)) for same in fields.values())
    return own + sum(_pairs_in(each, fragments) for each in below if each)


def _merged(sets: list[SelectionSetNode], fragments: Fragments) -> tuple[dict[str, list[FieldNode]], Counter[str]]:
    """The fields of one object by the key that they answer under, and the fragments that they come from."""
    fields: dict[str, list[FieldNode]] = {}
    spread: Counter[str] = Counter()
    waiting: list[Any] = list(sets)
    while waiting:
        for each in waiting.pop().selections:
            if isinstance(each, FieldNode):
                fields.setdefault((each.alias or each.name).value, []).append(each)
            elif not isinstance(each, FragmentSpreadNode):
                waiting.append(each.selection_set)
            else:
                spread[each.name.value] += 1
                if spread[each.name.value] == 1 and each.name.value in fragments:
                    waiting.append(fragments[each.name.value].selection_set)
    return fields, spread


def _pairs_of(number: int) -> int:
    return number * (number - 1) // 2
