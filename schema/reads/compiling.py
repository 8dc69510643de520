"""From what is selected to one SQL statement whose result is the answer's JSON.

Every object becomes a JSON object of its fields. A related row is a sub-select tied to the row around it, a list is an
aggregate over such a sub-select, and a page an aggregate over its numbered rows. Whatever the caller may not see is
kept out where rows come in, in `_visible`: nothing above can select it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import GraphQLNamedType, GraphQLObjectType, GraphQLSchema, get_named_type, is_abstract_type
from sqlalchemy import Integer, Select, bindparam, case, false, select, true

from schema.reads.declaring import (
    AFTER,
    FIRST,
    Argument,
    Declaration,
    Expression,
    Filled,
    Identity,
    Leaf,
    Lookup,
    Many,
    One,
    Paged,
    Part,
    Relation,
    Source,
    Within,
)
from schema.reads.pages import Page
from schema.reads.places import Place
from schema.reads.selecting import TYPENAME, Bound, Selected
from schema.reads.sql import VIEWER, Instant, Json, JsonBoolean, JsonList, constant, json_object, text_of
from schema.reads.types import condition_of, declaration_of, kinds_of, node_type, python_name, source_of, sources_of

# How the scalars are written as JSON; the others are what the database makes of their columns.
FORMATS = {"DateTime": Instant, "Boolean": JsonBoolean, "JSON": Json}

# Under this key, which no alias can have, a row tells the executor which of an interface's types it is.
CONCRETE = ""

STATEMENTS_KEPT = 512


@lru_cache(maxsize=STATEMENTS_KEPT)
def compile_field(schema: GraphQLSchema, parent: str, selected: Selected, *, for_customer: bool) -> Select[Any]:
    """The statement for a field of a type that is nobody's row, as Query."""
    definition = schema.type_map[parent].fields[selected.name]  # type: ignore[attr-defined]
    declaration = declaration_of(definition)
    assert declaration is not None
    compiler = Compiler(schema, for_customer)
    return select(compiler.value(declaration, get_named_type(definition.type), selected, None))


@lru_cache(maxsize=STATEMENTS_KEPT)
def compile_lookup(schema: GraphQLSchema, type_name: str, selected: Selected, *, for_customer: bool) -> Select[Any]:
    """The statement for rows by their ids, which are bound to the selection's first argument."""
    return select(Compiler(schema, for_customer).look_up("id", schema.type_map[type_name], selected))


@dataclass(frozen=True)
class Compiler:
    """Compiles for one schema and for one of the two kinds of callers."""

    schema: GraphQLSchema
    for_customer: bool

    def value(self, declaration: Declaration, type_: Any, selected: Selected, place: Any) -> Expression:
        """The JSON value of one field of the row at `place`, which is None above all rows."""
        match declaration:
            case Leaf():
                return self._leaf(declaration, type_, place)
            case Identity():
                return constant(f"{place.source.noun}_").concat(text_of(place.rows.c.id))
            case Part():
                return self._part(declaration, type_, selected, place)
            case One():
                return self._one(declaration, type_, selected, place)
            case Many():
                return self._many(declaration, type_, selected, place)
            case Paged():
                return self._page(declaration, type_, selected, place)
            case Within():
                return self._within(declaration, type_, selected)
            case Lookup():
                return self.look_up(declaration.column, type_, selected)
            case Filled():
                return json_object((name, place.move(each)) for name, each in declaration.needs.items())
        raise AssertionError(declaration)

    # ------------------------------------------------------------------ one row

    def _leaf(self, leaf: Leaf, type_: GraphQLNamedType, place: Place) -> Expression:
        hidden = self.for_customer and leaf.customers is not None
        expression = place.move(leaf.customers if hidden else leaf.expression)
        return FORMATS[type_.name](expression) if type_.name in FORMATS else expression

    def _part(self, part: Part, type_: GraphQLObjectType, selected: Selected, place: Place) -> Expression:
        made = json_object(self._fields(type_, selected, place, part.given))
        return made if part.when is None else Json(case((place.move(part.when), made)))

    def node(self, type_: GraphQLNamedType, selected: Selected, place: Place) -> Expression:
        """A row as an object; where an interface is asked for, as an object of the type that the row is."""
        if not is_abstract_type(type_):
            return json_object(self._fields(type_, selected, place))
        kinds = kinds_of(self.schema, type_, place.source)
        made = {kind: json_object([(CONCRETE, constant(kind.name)), *self._fields(kind, selected, place)]) for kind in kinds}
        whens = [(place.move(when), made[kind]) for kind in kinds if (when := condition_of(kind)) is not None]
        return Json(case(*whens, else_=made[kinds[-1]])) if whens else made[kinds[-1]]

    def _fields(
        self, type_: GraphQLObjectType, selected: Selected, place: Place, given: Mapping[str, Leaf] | None = None
    ) -> Iterator[tuple[str, Expression]]:
        for each in selected.of(type_.name):
            if each.name == TYPENAME:
                yield each.key, constant(type_.name)
                continue
            definition = type_.fields[each.name]
            declaration = (given or {}).get(python_name(definition)) or declaration_of(definition)
            assert declaration is not None
            yield each.key, self.value(declaration, get_named_type(definition.type), each, place)

    # ------------------------------------------------------------------ other rows

    def _one(self, one: One, type_: GraphQLNamedType, selected: Selected, parent: Place | None) -> Expression:
        place = self._enter(type_)
        order = [place.move(each) for each in one.order]
        found = select(self.node(type_, selected, place)).select_from(place.rows).order_by(*order).limit(1)
        return Json(self._tied(found, one, selected, parent, place).scalar_subquery())

    def _many(self, many: Many, type_: GraphQLNamedType, selected: Selected, parent: Place) -> Expression:
        inner = self._enter(type_)
        order = [inner.move(each) for each in many.order]
        found = self._tied(select(inner.rows).order_by(*order), many, selected, parent, inner)
        place = Place(inner.source, found.subquery())
        listed = select(JsonList(self.node(type_, selected, place), true())).select_from(place.rows)
        return _only(parent, many.when, Json(listed.scalar_subquery()))

    def _page(self, paged: Paged, type_: Any, selected: Selected, parent: Place | None) -> Expression:
        inner = self._enter(node_type(type_))
        first, after = selected.bound_to(FIRST.name), selected.bound_to(AFTER.name)
        assert first is not None
        rows = self._tied(select(inner.rows), paged, selected, parent, inner)
        page = Page.of(inner, rows, bindparam(first.parameter, type_=Integer()), after)
        return Json(page.value(type_, selected, self.node))

    def _within(self, within: Within, type_: GraphQLNamedType, selected: Selected) -> Expression:
        place = Place.of(within.source.__source__)
        value = self.value(within.relation, type_, selected, place)
        found = select(value).select_from(place.rows)
        return Json(self._tied(found, Relation(arguments=(within.argument,)), selected, None, place).scalar_subquery())

    def look_up(self, column: str, type_: GraphQLNamedType, selected: Selected) -> Expression:
        """`{noun: [{key, node}, ...]}` for the keys that are bound per noun; which nouns is part of the selection."""
        bound, sources = selected.bound[0], sources_of(self.schema, type_)
        return json_object((noun, self._keyed(column, type_, selected, sources[noun], bound, noun)) for noun in bound.parts)

    def _keyed(
        self, column: str, type_: GraphQLNamedType, selected: Selected, source: Source, bound: Bound, noun: str
    ) -> Expression:
        place = Place.of(source)
        keys = place.rows.c[column].in_(bindparam(bound.parameter + noun, expanding=True))
        node = json_object([("key", text_of(place.rows.c[column])), ("node", self.node(type_, selected, place))])
        found = select(JsonList(node, true())).select_from(place.rows).where(keys, *self._visible(place))
        return Json(found.scalar_subquery())

    # ------------------------------------------------------------------ which rows

    def _enter(self, type_: GraphQLNamedType) -> Place:
        return Place.of(source_of(type_))

    def _tied(
        self, statement: Select[Any], relation: Relation, selected: Selected, parent: Place | None, place: Place
    ) -> Select[Any]:
        """Only the rows of `place` that belong to the parent's row, that the arguments ask for, and that are visible."""
        tie = [] if relation.on is None else [relation.on]
        wanted = [place.move(each) for each in (*tie, *_conditions(relation.arguments, selected))]
        statement = statement.where(*(parent.move(each) if parent else each for each in wanted), *self._visible(place))
        return statement.correlate(parent.rows if parent else None)

    def _visible(self, place: Place) -> Iterator[Expression]:
        """What keeps a customer's token away from rows that are not its own."""
        if self.for_customer and place.source.merchant_only:
            yield false()
        elif self.for_customer and place.source.owner:
            yield place.rows.c[place.source.owner] == VIEWER


def _only(place: Place, when: Expression, value: Expression) -> Expression:
    return value if when is None else Json(case((place.move(when), value)))


def _conditions(arguments: Iterable[Argument], selected: Selected) -> Iterator[Expression]:
    for argument in arguments:
        bound = selected.bound_to(argument.name)
        if bound and argument.condition:
            yield argument.condition(bindparam(bound.parameter, expanding=bound.is_list))
