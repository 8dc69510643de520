"""Compiles what a document will be asked for before anybody asks: a guess, and a wrong one is made good by a request.

Statements depend on which arguments are given, and a request may give any. The guess is the plain request: a variable
that has to be given is, one that has a default keeps it, and others are left out.
"""

from typing import Any

import structlog
from graphql import NonNullTypeNode, Undefined, get_argument_values, type_from_ast, value_from_ast
from graphql.execution.values import VariableValues

from schema.context import Context
from schema.reads.documents import Prepared
from schema.reads.selecting import Bindings, Site
from schema.reads.types import declared_arguments
from schema.reads.wanted import Wanted

log = structlog.get_logger()

# Stands for a value that nobody knows yet.
SOMETHING = object()


def expect(prepared: Prepared, dialect: str) -> None:
    """Makes the statements of the plain request, one for keys and one for customers' tokens, where they may ask."""
    try:
        values = _plain(prepared)
        selection = prepared.selection(values)
        if selection is None:
            return
        given: dict[str, str] = {}
        for site in selection.sites:
            given |= _given(site, values)
        for for_customer in (False,) if selection.merchant_only else (False, True):
            selection.statement(Wanted(dialect, frozenset(given.items()), for_customer, Context.deepest, marked=False))
    except Exception:
        log.debug("a trusted document is left to its first request", exc_info=True)


def _plain(prepared: Prepared) -> VariableValues:
    coerced: dict[str, Any] = {}
    for each in prepared.operation.variable_definitions or ():
        name = each.variable.name.value
        if each.default_value is not None:
            type_: Any = type_from_ast(prepared.schema, each.type)
            coerced[name] = value_from_ast(each.default_value, type_)
        elif isinstance(each.type, NonNullTypeNode):
            coerced[name] = True if name in prepared.deciding else SOMETHING
    return VariableValues({}, coerced)


def _given(site: Site, values: VariableValues) -> dict[str, str]:
    arguments = get_argument_values(site.definition, site.node, values)
    bindings = Bindings()
    for argument in declared_arguments(site.definition):
        name, wanted = f"{site.name}{argument.name}", arguments.get(argument.name)
        if wanted is SOMETHING:
            bindings.given[name] = ""
        elif wanted != argument.neutral and wanted is not Undefined:
            bindings.add(name, argument.convert(wanted))
    return bindings.given
