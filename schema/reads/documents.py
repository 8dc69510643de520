"""Whole documents as one statement each: the database's JSON is the answer's, and nobody walks it again.

A document is parsed, checked and compiled when it is first seen, and kept. What one statement cannot answer is
declined, and then the executor answers, over the same declarations: introspection, values that take code, selections
too deep for SQLite, and whatever has to be told as an error. So is an answer with a null where the schema promises a
value.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import VariableValues, get_variable_values

from billing.compiled import Compiled
from schema.context import Context
from schema.limits import HIGHEST_COST, cost_of
from schema.parsing import MOST_VALUES, has_more_than, parsed
from schema.permissions import may_read
from schema.reads.declarations import MERCHANT_ONLY
from schema.reads.keeping import Kept
from schema.reads.reading import values_for, wanted_by
from schema.reads.selecting import TYPENAME, Bindings, Selected, Selector, Site
from schema.reads.sql import MISSING
from schema.reads.statements import compile_document
from schema.reads.types import DEFINITION
from schema.reads.variables import plain_of, uses_of
from schema.reads.wanted import Declined, Wanted
from schema.shapes import errors_of

# Of one document, by the values of its variables that say how much is read.
COSTS_KEPT = 64
# About how many bytes it takes to keep a character of a document that is parsed, and a field that is selected.
CHARACTER, FIELD = 100, 200

MISSING_AS_JSON = json.dumps(MISSING)[1:-1]


@dataclass(frozen=True, eq=False)
class Selection:
    """What is selected of the root. The statement that it takes depends on the arguments given, and on who asks."""

    schema: GraphQLSchema
    fields: tuple[Selected, ...]
    sites: tuple[Site, ...]
    merchant_only: bool
    kept: Kept

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep it."""
        return FIELD * _number_of(self.fields)

    def bindings(self, values: VariableValues) -> Bindings:
        """What is bound in a request with these variables. Raises BAD_USER_INPUT."""
        bindings = Bindings(dict(self.constants.given), dict(self.constants.values))
        for site in self.varying:
            site.bind(bindings, values)
        return bindings

    @cached_property
    def constants(self) -> Bindings:
        """What is bound in every request."""
        return Bindings.of((each for each in self.sites if each.is_constant), VariableValues({}, {}))

    @cached_property
    def varying(self) -> tuple[Site, ...]:
        """Where variables have a say."""
        return tuple(each for each in self.sites if not each.is_constant)

    def statement(self, wanted: Wanted) -> Compiled | None:
        """None where one statement cannot answer."""
        return self.kept.get((self, wanted), lambda: self._compiled(wanted))

    def _compiled(self, wanted: Wanted) -> Compiled | None:
        try:
            return compile_document(self.schema, "Query", self.fields, wanted)
        except Declined:
            return None


@dataclass(frozen=True, eq=False)
class Prepared:
    """One operation of a valid document. What is made of it is kept in `kept`."""

    schema: GraphQLSchema
    kept: Kept
    document: DocumentNode
    operation: OperationDefinitionNode
    deciding: tuple[str, ...]
    """The variables of directives."""
    sizing: tuple[str, ...]
    """The variables that say how much is read."""
    plain: Mapping[str, type] | None
    """Its variables, where each is a text or a yes or no, which are values as they are sent; None where one is not."""
    costs: dict[tuple[Any, ...], int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, schema: GraphQLSchema, kept: Kept, document: DocumentNode, operation: OperationDefinitionNode
    ) -> "Prepared":
        """Looks once at what its variables are for."""
        deciding, sizing = uses_of(document)
        return cls(schema, kept, document, operation, deciding, sizing, plain_of(operation))

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep it."""
        return CHARACTER * (self.document.loc.end if self.document.loc else 0)

    async def answer(self, context: Context, variables: Mapping[str, Any], key_id: UUID | None) -> str | None:
        """The data as JSON; None where the executor has to answer, or the key is revoked. Raises TookTooLong."""
        values = None if has_more_than(MOST_VALUES, variables) else self._coerced(variables)
        selection = values and self.selection(values)
        if values is None or not selection or not may_read(context, customers=not selection.merchant_only):
            return None
        try:
            bindings = selection.bindings(values)
        except GraphQLError:
            return None
        if self._cost(values) > HIGHEST_COST:
            return None
        statement = selection.statement(wanted_by(context, bindings, marked=False))
        if statement is None:
            return None
        bound = values_for(context, bindings) | {"key": key_id}
        text, stands = await context.runtime.database.reader.fetch(statement, bound)
        return text if stands and MISSING_AS_JSON not in text else None

    def _coerced(self, variables: Mapping[str, Any]) -> VariableValues | None:
        if self.plain is not None and self.plain == {name: type(value) for name, value in variables.items()}:
            return VariableValues({}, dict(variables))
        found = get_variable_values(self.schema, self.operation.variable_definitions or (), dict(variables))
        return found if isinstance(found, VariableValues) else None

    def selection(self, values: VariableValues) -> Selection | None:
        """What is selected with these variables; None where it is not of our making."""
        flags = tuple(values.coerced.get(each) for each in self.deciding)
        return self.kept.get((self, flags), lambda: self._selected(values))

    def _selected(self, values: VariableValues) -> Selection | None:
        root: Any = self.schema.query_type
        fragments = {
            each.name.value: each for each in self.document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        selector = Selector(self.schema, fragments, values)
        fields = selector.fields(root, [self.operation.selection_set])
        names = {each.name for each in fields} - {TYPENAME}
        if not names <= root.fields.keys():  # introspection
            return None
        merchant_only = any(MERCHANT_ONLY in root.fields[name].extensions[DEFINITION].metadata for name in names)
        return Selection(self.schema, fields, tuple(selector.sites), merchant_only, self.kept)

    def _cost(self, values: VariableValues) -> int:
        sizes = tuple(
            len(value) if isinstance(value := values.coerced.get(each), list) else value for each in self.sizing
        )
        if sizes not in self.costs:
            if len(self.costs) >= COSTS_KEPT:
                self.costs.clear()
            name = self.operation.name.value if self.operation.name else None
            self.costs[sizes] = cost_of(self.schema, self.document, name, values.coerced)
        return self.costs[sizes]


class Documents:
    """The documents that were seen last, ready to be answered; None for those that the executor has to look at."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self._schema, self._introspection = schema, introspection
        self.kept = Kept()

    def find(self, text: str, operation_name: str | None) -> Prepared | None:
        """The operation of that name, or the only one."""
        return self.kept.get((text, operation_name), lambda: self._prepare(text, operation_name))

    def _prepare(self, text: str, operation_name: str | None) -> Prepared | None:
        document = parsed(text)
        operations = list(_operations(document, operation_name)) if document else []
        if document is None or len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
            return None
        if errors_of(self._schema, document, self._introspection):
            return None
        return Prepared.of(self._schema, self.kept, document, operations[0])


def _operations(document: DocumentNode, name: str | None) -> Iterator[OperationDefinitionNode]:
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode) and (not name or (each.name and each.name.value == name)):
            yield each


def _number_of(fields: Iterable[Selected]) -> int:
    return sum(1 + sum(_number_of(below) for _, below in each.fields) for each in fields)
