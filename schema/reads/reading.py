"""Runs the compiled statements, and hands their answers to the executor.

A field of the root runs its statement; the fields below take their values out of its JSON by their keys. A mutation's
payload, an error or an event of a live field holds a Reference instead of an object, and that is read in the same way.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, get_named_type
from sqlalchemy import Select

from billing.payment_methods import month_of
from schema.context import Context
from schema.permissions import authorize
from schema.reads.compiling import compile_field, compile_lookup
from schema.reads.declarations import MERCHANT_ONLY, Declaration, Filled, Lookup, Within
from schema.reads.selecting import Bound, select
from schema.reads.types import DEFINITION, declaration_of, sources_of

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
        definition.resolve = _taken(field.python_name)


def _root(declaration: Declaration | None, *, customers: bool) -> Resolver:
    async def resolve(_source: object, info: Info, **given: Any) -> Any:
        caller = authorize(info.context, customers=customers)
        selected, values = select(info)
        statement = compile_field(info.schema, info.parent_type.name, selected, for_customer=caller.is_customer)
        answer = await _run(info.context, statement, values)
        if answer is None and isinstance(declaration, Within) and declaration.absent:
            raise declaration.absent()
        return declaration.arrange(answer, given) if isinstance(declaration, Lookup) else answer

    return resolve


def _filled(declaration: Filled) -> Resolver:
    async def resolve(source: dict[str, Any], info: Info, **_: Any) -> Any:
        needed = source[str(info.path.key)]
        return await _resolved(await declaration.fill(info.context, needed), info)

    return resolve


def _taken(name: str) -> Resolver:
    """Of a row, the value under the field's key; of an object that Python made, its attribute."""

    def resolve(source: Any, info: Info, **_: Any) -> Any:
        if isinstance(source, dict):
            return source[str(info.path.key)]
        value = getattr(source, name)
        return read(info, value) if isinstance(value, Reference) else value

    return resolve


async def _read_event(event: object, info: Info, **_: Any) -> Any:
    return await _resolved(event, info)


async def _resolved(value: object, info: Info) -> Any:
    return await read(info, value) if isinstance(value, Reference) else value


async def read(info: Info, wanted: Reference) -> Any:
    """The object, or the list of those objects, that the caller can see, by the selection of the field at `info`."""
    context: Context = info.context
    ids = [wanted.ids] if isinstance(wanted.ids, UUID) else list(wanted.ids)
    type_ = get_named_type(info.return_type)
    noun = wanted.noun or next(iter(sources_of(info.schema, type_)))
    selected, values = select(info)
    asked = replace(selected, key="", name="", bound=(Bound("ids", "ids", (noun,)),))
    for_customer = context.caller is not None and context.caller.is_customer
    statement = compile_lookup(info.schema, type_.name, asked, for_customer=for_customer)
    answer = await _run(context, statement, {**values, "ids" + noun: ids})
    found = {each["key"]: each["node"] for each in answer[noun]}
    if isinstance(wanted.ids, UUID):
        return found.get(str(wanted.ids))
    return [found[str(each)] for each in ids if str(each) in found]


async def _run(context: Context, statement: Select[Any], values: dict[str, Any]) -> Any:
    now, caller = context.now, context.caller
    viewer = caller.customer_id if caller else None
    async with context.runtime.database.read() as session:
        connection = await session.connection()
        bound = {"now": now, "month": month_of(now), "viewer": viewer, **values}
        answer: str | None = (await connection.execute(statement, bound)).scalar_one()
    return None if answer is None else json.loads(answer)
