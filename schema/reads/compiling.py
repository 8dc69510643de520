"""From what is selected to one SQL statement whose result is the answer's JSON.

The statement goes down and up again. Down: for each selected type a common table expression has its rows, found by
those above it. Up: each row becomes a JSON object of its fields, and what was made of the rows below is joined to it: a
list is an aggregate of them, a page an aggregate of numbered ones. Whatever the caller may not see is kept out where
rows come in, in `_visible`: nothing after that can select it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import GraphQLNamedType, GraphQLObjectType, GraphQLSchema, get_named_type, is_abstract_type
from sqlalchemy import Integer, Select, and_, bindparam, case, false, func, select, true

from schema.reads.declarations import (
    AnyOne,
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
from schema.reads.places import OF, Place, place_rows
from schema.reads.selecting import TYPENAME, Selected
from schema.reads.sql import VIEWER, Instant, Json, JsonBoolean, JsonList, constant, json_object, text_of
from schema.reads.types import condition_of, declared, field_type, kinds_of, python_name, source_of, sources_of
from schema.reads.words import AFTER, FIRST

# How the scalars are written as JSON; the others are what the database makes of their columns.
FORMATS = {"DateTime": Instant, "Boolean": JsonBoolean, "JSON": Json}

# Under this key, which no alias can have, a row tells the executor which of an interface's types it is.
CONCRETE = ""

STATEMENTS_KEPT = 512


@lru_cache(maxsize=STATEMENTS_KEPT)
def compile_field(schema: GraphQLSchema, parent: str, selected: Selected, *, for_customer: bool) -> Select[Any]:
    """The statement for a field of a type that is nobody's row, as Query."""
    definition = schema.type_map[parent].fields[selected.name]  # type: ignore[attr-defined]
    root = Place.root()
    value = Compiler(schema, for_customer).value(declared(definition), get_named_type(definition.type), selected, root)
    return root.gather(text_of(value))


@lru_cache(maxsize=STATEMENTS_KEPT)
def compile_lookup(schema: GraphQLSchema, type_name: str, selected: Selected, *, for_customer: bool) -> Select[Any]:
    """The statement for rows by their ids, which are bound to the selection's first argument."""
    root = Place.root()
    return root.gather(
        text_of(Compiler(schema, for_customer).look_up("id", schema.type_map[type_name], selected, root))
    )


@dataclass(frozen=True)
class Compiler:
    """Compiles for one schema and for one of the two kinds of callers."""

    schema: GraphQLSchema
    for_customer: bool

    def value(self, declaration: Declaration, type_: Any, selected: Selected, place: Place) -> Expression:
        """The JSON value of one field, for each of the rows at `place`."""
        match declaration:
            case Leaf():
                return self._leaf(declaration, type_, place)
            case Identity():
                return constant(f"{place.source.noun}_").concat(text_of(place.rows.c.id))
            case Part():
                return self._part(declaration, type_, selected, place)
            case Filled():
                return json_object((name, place.move(each)) for name, each in declaration.needs.items())
        asked = (id(declaration), selected.bound, selected.fields)
        if asked not in place.made:
            place.made[asked] = self._of_other_rows(declaration, type_, selected, place)
        return place.made[asked]

    def _of_other_rows(self, declaration: Declaration, type_: Any, selected: Selected, above: Place) -> Expression:
        match declaration:
            case One():
                return self._one(declaration, type_, selected, above)
            case Many():
                return self._many(declaration, type_, selected, above)
            case Paged():
                return self._page(declaration, type_, selected, above)
            case AnyOne():
                return self._any_one(declaration, type_, selected, above)
            case Within():
                return self._within(declaration, type_, selected, above)
            case Lookup():
                return self.look_up(declaration.column, type_, selected, above)
        raise AssertionError(declaration)

    # ------------------------------------------------------------------ one row

    def _leaf(self, leaf: Leaf, type_: GraphQLNamedType, place: Place) -> Expression:
        hidden = self.for_customer and leaf.customers is not None
        expression = place.move(leaf.customers if hidden else leaf.expression)
        return FORMATS[type_.name](expression) if type_.name in FORMATS else expression

    def _part(self, part: Part, type_: GraphQLObjectType, selected: Selected, place: Place) -> Expression:
        made = json_object(self._fields(type_, selected, place, part.given))
        return made if part.when is None else Json(case((place.move(part.when), made)))

    def node(self, type_: Any, selected: Selected, place: Place) -> Expression:
        """A row as an object; where an interface is asked for, as an object of the type that the row is."""
        if not is_abstract_type(type_):
            return json_object(self._fields(type_, selected, place))
        kinds = kinds_of(self.schema, type_, place.source)
        made = {kind: json_object(self._named_fields(kind, selected, place)) for kind in kinds}
        whens = [(place.move(when), made[kind]) for kind in kinds if (when := condition_of(kind)) is not None]
        return Json(case(*whens, else_=made[kinds[-1]])) if whens else made[kinds[-1]]

    def _named_fields(self, kind: Any, selected: Selected, place: Place) -> Iterator[tuple[str, Expression]]:
        yield CONCRETE, constant(kind.name)
        yield from self._fields(kind, selected, place)

    def _fields(
        self, type_: GraphQLObjectType, selected: Selected, place: Place, given: Mapping[str, Declaration] | None = None
    ) -> Iterator[tuple[str, Expression]]:
        for each in selected.of(type_.name):
            if each.name == TYPENAME:
                yield each.key, constant(type_.name)
                continue
            definition = type_.fields[each.name]
            declaration = (given or {}).get(python_name(definition)) or declared(definition)
            yield each.key, self.value(declaration, get_named_type(definition.type), each, place)

    # ------------------------------------------------------------------ other rows

    def _one(self, one: One, type_: GraphQLNamedType, selected: Selected, above: Place) -> Expression:
        source = source_of(type_)
        entry = Place(source, source.alias())
        found = self._found(entry, one, selected, above)
        if one.order:
            found = found.order_by(*(entry.move(each) for each in one.order)).limit(1)
        below = place_rows(source, found, ())
        return Json(above.join(below, self.node(type_, selected, below)))

    def _any_one(self, any_one: AnyOne, type_: GraphQLNamedType, selected: Selected, above: Place) -> Expression:
        sources = sources_of(self.schema, type_)
        found = []
        for noun in any_one.nouns:
            source, is_this = sources[noun], any_one.noun == constant(noun)
            own = One(on=and_(is_this, source.table.c.id == any_one.key))
            below = place_rows(source, self._found(Place(source, source.alias()), own, selected, above), ())
            found.append((above.move(is_this), above.join(below, self.node(type_, selected, below))))
        return Json(case(*found))

    def _many(self, many: Many, type_: GraphQLNamedType, selected: Selected, above: Place) -> Expression:
        source = source_of(type_)
        found = self._found(Place(source, source.alias()), many, selected, above)
        below = place_rows(source, found, many.order)
        listed = above.join(below, JsonList(self.node(type_, selected, below), true(), below.key), grouped=True)
        value = Json(func.coalesce(listed, constant("[]")))
        return value if many.when is None else Json(case((above.move(many.when), value)))

    def _page(self, paged: Paged, type_: Any, selected: Selected, above: Place) -> Expression:
        source = source_of(field_type(field_type(type_, "edges"), "node"))
        entry = Place(source, source.alias())
        size = bindparam(selected.parameter(FIRST.name), type_=Integer())
        after = selected.bound_to(AFTER.name)
        found = self._found(entry, paged, selected, above)
        page = Page.of(entry, found, size, after, paged.order, is_root=above.is_root)
        return page.join(above, type_, selected, self.node)

    def _within(self, within: Within, type_: GraphQLNamedType, selected: Selected, above: Place) -> Expression:
        source: Source = within.source.__source__
        found = self._found(Place(source, source.alias()), One(arguments=(within.argument,)), selected, above)
        below = place_rows(source, found, ())
        return Json(above.join(below, self.value(within.relation, type_, selected, below)))

    def look_up(self, column: str, type_: GraphQLNamedType, selected: Selected, root: Place) -> Expression:
        """`{noun: [{key, node}, ...]}` for the keys that are bound per noun; which nouns is part of the selection."""
        bound, sources = selected.bound[0], sources_of(self.schema, type_)
        return json_object(
            (noun, self._keyed(column, type_, selected, sources[noun], bound.parameter + noun, root))
            for noun in bound.parts
            if noun in sources
        )

    def _keyed(
        self, column: str, type_: GraphQLNamedType, selected: Selected, source: Source, parameter: str, root: Place
    ) -> Expression:
        keys = source.table.c[column].in_(bindparam(parameter, expanding=True))
        found = self._found(Place(source, source.alias()), Many(on=keys), selected, root)
        below = place_rows(source, found, ())
        node = json_object([("key", text_of(below.rows.c[column])), ("node", self.node(type_, selected, below))])
        listed = root.join(below, JsonList(node, true(), below.key), grouped=True)
        return Json(func.coalesce(listed, constant("[]")))

    # ------------------------------------------------------------------ which rows

    def _found(self, entry: Place, relation: Relation, selected: Selected, above: Place) -> Select[Any]:
        """The rows of `entry` that belong to rows above, that the arguments ask for, and that the caller may see."""
        tie = [] if relation.on is None else [relation.on]
        wanted = [above.move(entry.move(each)) for each in (*tie, *_conditions(relation.arguments, selected))]
        rows = above.rows.join(entry.rows, and_(true(), *wanted, *self._visible(entry)))
        return select(*entry.rows.c, above.key.label(OF)).select_from(rows)

    def _visible(self, entry: Place) -> Iterator[Expression]:
        """What keeps a customer's token away from rows that are not its own."""
        source = entry.source
        if self.for_customer and source.merchant_only:
            yield false()
        elif self.for_customer and source.owner:
            yield entry.rows.c[source.owner] == VIEWER


def _conditions(arguments: Iterable[Argument], selected: Selected) -> Iterator[Expression]:
    for argument in arguments:
        bound = selected.bound_to(argument.name)
        if bound and argument.condition:
            yield argument.condition(bindparam(bound.parameter, expanding=bound.is_list))
