"""Pages: keyset connections, by a time and the id, as aggregates over the rows of the page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from graphql import GraphQLNamedType, GraphQLObjectType
from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, case, func, true, tuple_
from sqlmodel.sql.sqltypes import UTCDateTime

from billing.tables import Identifier
from schema.reads.declarations import Expression, Order
from schema.reads.places import Place
from schema.reads.selecting import TYPENAME, Selected
from schema.reads.sql import Json, JsonBoolean, JsonList, constant, json_object, text_of
from schema.reads.types import field_type

INFORMATION = "pageInfo"

MakeNode = Callable[[GraphQLNamedType, Selected, Place], Expression]


@dataclass(frozen=True)
class Page:
    """`place` has the rows of the page, the newest first, or with an `order` those whose time is the earliest.

    Where it is asked what is behind the page, there is one row more if there is anything.
    """

    place: Place
    first: Expression
    order: Order
    is_first: bool
    number: Expression = None
    total: Expression = None

    @classmethod
    def of(
        cls, entry: Place, found: Select[Any], first: Expression, order: Order, *, after: str | None, informed: bool
    ) -> Self:
        """The page of the rows that are found in `entry`. `after` is where a cursor is bound; None: nowhere."""
        if after is not None:
            found = found.where(_behind(entry, order, after))
        found = found.order_by(*_sorted(entry, order))
        if not informed:
            return cls(entry.among(found.limit(first)), first, order, after is None)
        place = entry.among(found.limit(first + 1))
        number = place.add(func.row_number().over(order_by=_sorted(place, order)))
        return cls(place, first, order, after is None, number, place.add(func.count().over()))

    @property
    def cursor(self) -> Expression:
        """The row's place in the list."""
        if self.place.source.sequence:
            return text_of(self.place.column(self.place.source.sequence))
        return self.place.cursor(_time(self.place, self.order))

    def connection(self, type_: GraphQLObjectType, selected: Selected, make_node: MakeNode) -> Expression:
        """The connection as selected."""
        edge = field_type(type_, "edges")
        made = {
            TYPENAME: lambda _: constant(type_.name),
            "edges": lambda each: self._edges(edge, each, make_node),
            INFORMATION: self._information,
        }
        fields = selected.of(type_.name)
        value = json_object((each.key, made[each.name](each)) for each in fields)
        # An aggregate even where nothing of the rows is selected: the page is there, with or without them.
        is_aggregate = any(each.name == "edges" for each in fields)
        return value if is_aggregate else Json(case((func.count() >= constant(0), value)))

    def _edges(self, edge: GraphQLObjectType, selected: Selected, make_node: MakeNode) -> Expression:
        def parts() -> Iterator[tuple[str, Expression]]:
            for each in selected.of(edge.name):
                if each.name == "node":
                    yield each.key, make_node(field_type(edge, "node"), each, self.place)
                else:
                    yield each.key, self.cursor if each.name == "cursor" else constant(edge.name)

        return JsonList(json_object(parts()), true() if self.number is None else self.number <= self.first)

    def _information(self, selected: Selected) -> Expression:
        last = case((self.total > self.first, self.first), else_=self.total)
        values: dict[str, ColumnElement[Any]] = {
            TYPENAME: constant("PageInfo"),
            "hasNextPage": JsonBoolean(func.count() > self.first),
            "hasPreviousPage": JsonBoolean(~true() if self.is_first else true()),
            "startCursor": func.max(case((self.number == constant(1), self.cursor))),
            "endCursor": func.max(case((self.number == last, self.cursor))),
        }
        return json_object((each.key, values[each.name]) for each in selected.of("PageInfo"))


def _time(place: Place, order: Order) -> Expression:
    return place.move(order[0]) if order else place.column("created_at")


def _sorted(place: Place, order: Order) -> tuple[Expression, ...]:
    if place.source.sequence:
        number = place.column(place.source.sequence)
        return (number.asc() if order else number.desc(),)
    time, row_id = _time(place, order), place.column("id")
    return (time.asc(), row_id.asc()) if order else (time.desc(), row_id.desc())


def _behind(place: Place, order: Order, after: str) -> Expression:
    if place.source.sequence:
        number, given = place.column(place.source.sequence), bindparam(after, None, type_=BigInteger())
        return number > given if order else number < given
    at, row_id = bindparam(after + "at", None, type_=UTCDateTime()), bindparam(after + "id", None, type_=Identifier())
    mine, its = tuple_(_time(place, order), place.column("id")), tuple_(at, row_id)
    return mine > its if order else mine < its
