"""Runs the compiled statements, and hands their answers to the executor.

A field of the root runs its statement; the fields below take their values out of its JSON by their keys. A mutation's
payload, an error or an event of a live field holds a Reference instead of an object, and that is read in the same way.
Below what one statement can hold, a row only says where to go on, and the field reads what is its own.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
)

from billing.compiled import Compiled
from billing.payment_methods import month_of
from schema.context import Context
from schema.permissions import authorize
from schema.reads.compiling import CONTINUED
from schema.reads.declarations import MERCHANT_ONLY, Declaration, Filled, Within, keys
from schema.reads.selecting import Bindings, Selected, select
from schema.reads.statements import KEYS, compile_field, compile_lookup
from schema.reads.types import DEFINITION, declaration_of, source_of, sources_of
from schema.reads.wanted import LOOKED_UP, Wanted

Info = GraphQLResolveInfo[Context]
Resolver = Callable[..., Any]


@dataclass(frozen=True)
class Reference:
    """Stands for the object with this id, or for several; `noun` where the field's type does not tell the table."""

    ids: UUID | Sequence[UUID]
    noun: str | None = None


def reference(ids: UUID | Sequence[UUID] | None, noun: str | None = None) -> Any:
    """What a resolver returns in place of an object: it is read by the selection of the field that it is given for."""
    return None if ids is None else Reference(ids, noun)


def connect(schema: GraphQLSchema) -> None:
    """Gives every field that has no resolver of its own the one that belongs to how it is declared."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for definition in type_.fields.values():
                _connect_field(definition, is_root=type_ is schema.query_type)


def _connect_field(definition: GraphQLField, *, is_root: bool) -> None:
    field, declaration = definition.extensions[DEFINITION], declaration_of(definition)
    if field.is_subscription:
        definition.resolve = _read_event
    elif field.base_resolver is None and is_root:
        definition.resolve = _root(declaration, customers=MERCHANT_ONLY not in field.metadata)
    elif isinstance(declaration, Filled):
        definition.resolve = _filled(declaration)
    elif field.base_resolver is None:
        composite = is_composite_type(get_named_type(definition.type))
        definition.resolve = _taken(field.python_name, composite=composite)


def _root(declaration: Declaration | None, *, customers: bool) -> Resolver:
    async def resolve(_source: object, info: Info, **_: Any) -> Any:
        authorize(info.context, customers=customers)
        selected, bindings = select(info)
        wanted = wanted_by(info.context, bindings)
        statement = compile_field(info.schema, info.parent_type.name, selected, wanted)
        answer = await _run(info.context, statement, bindings)
        if answer is None and isinstance(declaration, Within) and declaration.absent:
            raise declaration.absent()
        return answer

    return resolve


def _filled(declaration: Filled) -> Resolver:
    async def resolve(source: dict[str, Any], info: Info, **_: Any) -> Any:
        needed = source[str(info.path.key)]
        return await _resolved(await declaration.fill(info.context, needed), info)

    return resolve


def _taken(name: str, *, composite: bool) -> Resolver:
    """Of a row, the value under the field's key; of an object that Python made, its attribute."""

    def resolve(source: Any, info: Info, **_: Any) -> Any:
        if isinstance(source, dict):
            value = source[str(info.path.key)]
            return _go_on(info, value[CONTINUED]) if composite and _is_continued(value) else value
        value = getattr(source, name)
        return read(info, value) if isinstance(value, Reference) else value

    return resolve


def _is_continued(value: object) -> bool:
    return isinstance(value, dict) and CONTINUED in value


async def _read_event(event: object, info: Info, **_: Any) -> Any:
    return await _resolved(event, info)


async def _resolved(value: object, info: Info) -> Any:
    return await read(info, value) if isinstance(value, Reference) else value


async def read(info: Info, wanted: Reference) -> Any:
    """The object, or the list of those objects, that the caller can see, by the selection of the field at `info`."""
    type_ = get_named_type(info.return_type)
    noun = wanted.noun or next(iter(sources_of(info.schema, type_)))
    ids = [wanted.ids] if isinstance(wanted.ids, UUID) else list(wanted.ids)
    selected, bindings = select(info)
    found = await _look_up(info, type_.name, noun, ids, replace(selected, key="", name="", site=""), bindings)
    if isinstance(wanted.ids, UUID):
        return found[0]
    return [each for each in found if each is not None]


async def _go_on(info: Info, row_id: str) -> Any:
    """The value of a field of this row, by a statement of its own."""
    selected, bindings = select(info)
    parent = info.parent_type
    alone = Selected("", "", "", ((parent.name, (selected,)),))
    [row] = await _look_up(info, parent.name, source_of(parent).noun, [row_id], alone, bindings, deepest=LOOKED_UP + 1)
    return None if row is None else row[selected.key]


async def _look_up(
    info: Info,
    type_name: str,
    noun: str,
    ids: Sequence[object],
    selected: Selected,
    bindings: Bindings,
    deepest: int = 0,
) -> list[Any]:
    bindings.add(KEYS.name, keys((noun, each) for each in ids))
    wanted = wanted_by(info.context, bindings, deepest)
    statement = compile_lookup(info.schema, type_name, selected, wanted)
    rows: list[Any] = await _run(info.context, statement, bindings)
    return rows


def wanted_by(context: Context, bindings: Bindings, deepest: int = 0, *, marked: bool = True) -> Wanted:
    """What a statement for this caller and these arguments is made for; it goes to the level `deepest` at least."""
    dialect = context.runtime.database.dialect
    for_customer = context.caller is not None and context.caller.is_customer
    levels = max(context.deepest, deepest)
    return Wanted(dialect, frozenset(bindings.given.items()), for_customer, levels, marked)


def values_for(context: Context, bindings: Bindings) -> dict[str, Any]:
    """What is bound to a statement: the arguments' values, who asks, and when."""
    caller = context.caller
    viewer, now = caller.customer_id if caller else None, context.now
    return {"now": now, "month": month_of(now), "viewer": viewer, **bindings.values}


async def _run(context: Context, statement: Compiled, bindings: Bindings) -> Any:
    reads = context.snapshot or context.runtime.database.reader
    answer: str | None = (await reads.fetch(statement, values_for(context, bindings)))[0]
    return None if answer is None else json.loads(answer)
