"""Trusted documents in a process: parsed, checked and compiled before anybody asks, and kept until they are taken away.

They are found by their text, which is theirs alone, so that one that is named and one that is sent are one and the
same. What others send has caches of its own and pushes none of them out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
)
from strawberry.extensions import SchemaExtension

from schema.faults import COST_EXCEEDED, PARSE_FAILED, fault
from schema.limits import HIGHEST_COST, cost_of
from schema.operation_names import name_of, root_field_of
from schema.parsing import MOST_TOKENS, excess_of, parsed
from schema.reads.documents import Prepared
from schema.reads.expecting import expect
from schema.reads.keeping import KeptOfOne
from schema.shapes import Checked, look_for_errors


@dataclass(frozen=True)
class Trusted:
    """One document. `document` is None where it cannot even be parsed; `errors` say why it does not fit the schema."""

    text: str
    document: DocumentNode | None
    errors: list[GraphQLError]
    queries: Sequence[Prepared] = ()
    fields: Mapping[str | None, str] = field(default_factory=dict)
    """What each operation is counted as, by name; under None the only one."""

    def query(self, operation_name: str | None) -> Prepared | None:
        """The query of that name, or the only operation, if that is one."""
        if operation_name not in self.fields:
            return None
        return next((each for each in self.queries if operation_name in (None, name_of(each.operation))), None)


class TrustedDocuments:
    """Those that this process has ready."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self._schema, self._introspection = schema, introspection
        self._by_id: dict[str, Trusted] = {}
        self._by_text: dict[str, Trusted] = {}

    @property
    def ids(self) -> set[str]:
        """Of all."""
        return set(self._by_id)

    def named(self, identifier: str) -> Trusted | None:
        """The document of this id."""
        return self._by_id.get(identifier)

    def sent(self, text: str | None) -> Trusted | None:
        """The document with this text."""
        return self._by_text.get(text or "")

    def learn(self, identifier: str, text: str, dialect: str) -> Trusted:
        """From now on it is ready; its queries with their statements for a database of this dialect."""
        made = self.examine(text)
        for each in made.queries:
            expect(each, dialect)
        self._by_id[identifier] = self._by_text[text] = made
        return made

    def forget(self, identifier: str) -> None:
        """From now on it is not."""
        gone = self._by_id.pop(identifier, None)
        if gone is not None:
            del self._by_text[gone.text]

    def examine(self, text: str) -> Trusted:
        """Whether it fits the schema, and what can be made ready of it."""
        if reason := excess_of(text):
            return Trusted(text, None, [fault(PARSE_FAILED, reason)])
        try:
            document = parse(text, max_tokens=MOST_TOKENS)
            errors = look_for_errors(self._schema, document, self._introspection)
        except GraphQLError as error:
            return Trusted(text, None, [error])
        except RecursionError:
            return Trusted(text, None, [fault(PARSE_FAILED, "It is nested too deeply.")])
        if errors:
            return Trusted(text, document, errors)
        named = [name_of(each) for each in _operations(document)]
        kept = KeptOfOne()
        queries = [
            Prepared.of(self._schema, kept, document, each)
            for each in _operations(document)
            if each.operation is OperationType.QUERY
        ]
        fields = {name: root_field_of(document, name) for name in (*named, *((None,) if len(named) == 1 else ()))}
        return Trusted(text, document, [], queries, fields)

    def problems(self, text: str) -> list[GraphQLError]:
        """All for which it is not taken: what is wrong with it, and what it costs whatever its variables are."""
        examined = self.examine(text)
        if examined.errors or examined.document is None:
            return examined.errors
        return [
            fault(COST_EXCEEDED, f"The answer could have {cost} objects, and may have {HIGHEST_COST}.")
            for each in _operations(examined.document)
            if (cost := self._least_cost(examined.document, each)) > HIGHEST_COST
        ]

    def _least_cost(self, document: DocumentNode, operation: OperationDefinitionNode) -> int:
        smallest = {each.variable.name.value: 1 for each in operation.variable_definitions or ()}
        return cost_of(self._schema, document, name_of(operation), smallest)


def names_of(text: str) -> list[str]:
    """The operations of a document that can be parsed, by name."""
    return [name for each in _operations(parse(text)) if (name := name_of(each))]


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]


def _known(context: Any) -> Trusted | None:
    found: Trusted | None = context.schema.trusted.sent(context.query)
    return found


class Parsed(SchemaExtension):
    """Parses what is not trusted, each text once. What cannot be parsed Strawberry tries again, and tells why."""

    def on_parse(self) -> Iterator[None]:
        """In place of what Strawberry does itself."""
        context, known = self.execution_context, _known(self.execution_context)
        context.graphql_document = known.document if known else parsed(context.query or "")
        yield


class CheckedOnce(Checked):
    """Validates what is not trusted, each document once."""

    def errors_of(self, document: DocumentNode) -> list[GraphQLError]:
        """What is wrong with it."""
        known = _known(self.execution_context)
        return super().errors_of(document) if known is None else list(known.errors)
