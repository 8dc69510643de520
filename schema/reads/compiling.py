"""From what is selected to one SQL statement whose result is the answer's JSON.

A type's rows are a select; its fields become a JSON object for each row; what a field shows of other rows is a select
of the same kind beside the row's own columns, correlated to it: one row, a list as an aggregate, or a page. Whatever
the caller may not see is kept out where rows come in, in `finding`: nothing after that can select it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_non_null_type,
)
from sqlalchemy import (
    Integer,
    Select,
    case,
    literal_column,
    true,
)

from schema.reads.declarations import (
    AnyOne,
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
    Within,
)
from schema.reads.finding import find, goes_down
from schema.reads.looking_up import look_up
from schema.reads.pages import INFORMATION, Page
from schema.reads.places import Place
from schema.reads.promises import never_null, surely
from schema.reads.selecting import TYPENAME, Selected
from schema.reads.sql import (
    Instant,
    Json,
    JsonBoolean,
    JsonList,
    constant,
    json_object,
    text_of,
)
from schema.reads.types import condition_of, declared, field_type, kinds_of, python_name, source_of, sources_of
from schema.reads.wanted import Declined, Wanted
from schema.reads.words import AFTER, FIRST

Given = Mapping[str, Declaration]

# How the scalars are written as JSON; the others are what the database makes of their columns.
FORMATS = {"DateTime": Instant, "Boolean": JsonBoolean, "JSON": Json}

# Under this key, which no alias can have, a row tells the executor which of an interface's types it is.
CONCRETE = ""
# Under this one it tells where to go on reading.
CONTINUED = " "


@dataclass(frozen=True)
class Compiler:
    """Compiles one statement, for one kind of request. `above` has the levels of rows that have others below."""

    schema: GraphQLSchema
    wanted: Wanted
    above: set[int] = field(default_factory=set)

    def value(self, declaration: Declaration, type_: Any, selected: Selected, place: Place) -> Expression:
        """The JSON value of one field, for each of the rows at `place`."""
        match declaration:
            case Leaf():
                return self._leaf(declaration, type_, place)
            case Identity():
                return constant(f"{place.source.noun}_").concat(text_of(place.column("id")))
            case Part():
                return self._part(declaration, type_, selected, place)
            case Filled():
                return self._needed(declaration, place)
        asked = (id(declaration), selected.site, selected.fields)
        if asked not in place.made:
            place.made[asked] = self._of_other_rows(declaration, type_, selected, place)
        return place.made[asked]

    def _of_other_rows(self, declaration: Declaration, type_: Any, selected: Selected, place: Place) -> Expression:
        if isinstance(declaration, AnyOne):
            return self._any_one(declaration, type_, selected, place)
        made = Json(place.add(self._below(declaration, type_, selected, place).scalar_subquery()))
        when = declaration.when if isinstance(declaration, Many) else None
        return made if when is None else Json(case((place.show(when), made)))

    def _below(self, declaration: Declaration, type_: Any, selected: Selected, above: Place) -> Select[Any]:
        """A select of the value that is made of the rows below one row above."""
        match declaration:
            case One():
                return self._one(declaration, type_, selected, above)
            case Many():
                return self._many(declaration, type_, selected, above)
            case Paged():
                return self._page(declaration, type_, selected, above)
            case Within():
                return self._within(declaration, type_, selected, above)
            case Lookup():
                return look_up(self, declaration, type_, selected, above)
        raise AssertionError(declaration)

    # ------------------------------------------------------------------ one row

    def fields(
        self, type_: GraphQLObjectType, chosen: Iterable[Selected], place: Place, given: Given | None = None
    ) -> Iterator[tuple[Any, Expression]]:
        """Keys and values of an object. `given` are the declarations of fields that the type leaves open."""
        for each in chosen:
            if each.name == TYPENAME:
                yield each.key, constant(type_.name)
                continue
            definition = type_.fields[each.name]
            declaration = (given or {}).get(python_name(definition)) or declared(definition)
            inner = get_named_type(definition.type)
            if self._goes_too_deep(declaration, inner, each, place):
                yield each.key, self._continued(place)
                continue
            value = self.value(declaration, inner, each, place)
            promised = is_non_null_type(definition.type) or (isinstance(declaration, Within) and declaration.absent)
            unmarked = promised and not self.wanted.marked
            yield (
                surely(each.key, value, declaration, self._or_none(declaration, place))
                if unmarked
                else (each.key, value)
            )

    def _leaf(self, leaf: Leaf, type_: GraphQLNamedType, place: Place) -> Expression:
        expression = place.show(self._shown(leaf))
        return FORMATS[type_.name](expression) if type_.name in FORMATS else expression

    def _or_none(self, declaration: Declaration, place: Place) -> Expression:
        """A plain value that may be missing; None for any other."""
        if not isinstance(declaration, Leaf) or never_null(self._shown(declaration)):
            return None
        return place.show(self._shown(declaration))

    def _shown(self, leaf: Leaf) -> Expression:
        return leaf.customers if self.wanted.for_customer and leaf.customers is not None else leaf.expression

    def _part(self, part: Part, type_: GraphQLObjectType, selected: Selected, place: Place) -> Expression:
        made = json_object(self.fields(type_, selected.of(type_.name), place, part.given))
        return made if part.when is None else Json(case((place.show(part.when), made)))

    def node(self, type_: Any, selected: Selected, place: Place) -> Expression:
        """A row as an object; where an interface is asked for, as an object of the type that the row is."""
        if not is_abstract_type(type_):
            return json_object(self.fields(type_, selected.of(type_.name), place))
        kinds = kinds_of(self.schema, type_, place.source)
        made = {kind: json_object(self._named_fields(kind, selected, place)) for kind in kinds}
        whens = [(place.move(when), made[kind]) for kind in kinds if (when := condition_of(kind)) is not None]
        return Json(case(*whens, else_=made[kinds[-1]])) if whens else made[kinds[-1]]

    def _named_fields(self, kind: Any, selected: Selected, place: Place) -> Iterator[tuple[Any, Expression]]:
        if self.wanted.marked:
            yield CONCRETE, constant(kind.name)
        yield from self.fields(kind, selected.of(kind.name), place)

    # ------------------------------------------------------------------ what is promised, and how far it goes

    def _needed(self, filled: Filled, place: Place) -> Expression:
        """What the executor fills the value in with. Raises Declined where there is no executor."""
        if not self.wanted.marked:
            raise Declined
        return json_object((name, place.show(each)) for name, each in filled.needs.items())

    def _goes_too_deep(self, declaration: Declaration, type_: Any, selected: Selected, place: Place) -> bool:
        """Whether a select would be needed below the deepest. Raises Declined where the answer has to be whole."""
        if place.is_root or not goes_down(declaration, type_, selected):
            return False
        if place.level < self.wanted.deepest:
            self.above.add(place.level)
            return False
        if not self.wanted.marked:
            raise Declined
        return True

    def _continued(self, place: Place) -> Expression:
        return json_object([(CONTINUED, text_of(place.column("id")))])

    # ------------------------------------------------------------------ other rows

    def _one(self, one: One, type_: GraphQLNamedType, selected: Selected, above: Place) -> Select[Any]:
        entry = above.entry(source_of(type_))
        found = find(entry, one, selected, above, self.wanted)
        found = found.order_by(*(entry.move(each) for each in one.order)).limit(literal_column("1"))
        below = entry.among(found)
        return below.gather(self.node(type_, selected, below))

    def _many(self, many: Many, type_: GraphQLNamedType, selected: Selected, above: Place) -> Select[Any]:
        entry = above.entry(source_of(type_))
        found = find(entry, many, selected, above, self.wanted)
        below = entry.among(found.order_by(*(entry.move(each) for each in many.order)))
        return below.gather(JsonList(self.node(type_, selected, below), true()))

    def _any_one(self, any_one: AnyOne, type_: GraphQLNamedType, selected: Selected, above: Place) -> Expression:
        sources = sources_of(self.schema, type_)
        found = []
        for noun in any_one.nouns:
            entry = above.entry(sources[noun])
            own = One(on=sources[noun].table.c.id == any_one.key)
            below = entry.among(find(entry, own, selected, above, self.wanted))
            node = below.gather(self.node(type_, selected, below)).scalar_subquery()
            found.append((above.show(any_one.noun == constant(noun)), above.add(node)))
        return Json(case(*found))

    def _page(self, paged: Paged, type_: Any, selected: Selected, above: Place) -> Select[Any]:
        entry = above.entry(source_of(field_type(field_type(type_, "edges"), "node")))
        found = find(entry, paged, selected, above, self.wanted)
        page = Page.of(
            entry,
            found,
            literal_column(self.wanted.words[selected.parameter(FIRST.name)], Integer()),
            paged.order,
            after=selected.parameter(AFTER.name) if selected.parameter(AFTER.name) in self.wanted.words else None,
            informed=any(each.name == INFORMATION for each in selected.of(type_.name)),
        )
        return page.place.gather(page.connection(type_, selected, self.node))

    def _within(self, within: Within, type_: GraphQLNamedType, selected: Selected, above: Place) -> Select[Any]:
        entry = above.entry(within.source.__source__)
        below = entry.among(find(entry, One(arguments=(within.argument,)), selected, above, self.wanted))
        return below.gather(self.value(within.relation, type_, selected, below))
