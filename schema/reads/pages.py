"""Pages: keyset connections, by a time and the id, as aggregates over numbered rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from graphql import GraphQLNamedType, GraphQLObjectType
from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, case, false, func, select, true, tuple_
from sqlmodel.sql.sqltypes import UTCDateTime

from billing.tables import Identifier
from schema.reads.declarations import Expression, Order
from schema.reads.places import KEY, OF, Place
from schema.reads.selecting import TYPENAME, Bound, Selected
from schema.reads.sql import Json, JsonBoolean, JsonList, constant, json_object, text_of
from schema.reads.types import field_type

NUMBER, TOTAL = "number_in_page", "total_in_page"

MakeNode = Callable[[GraphQLNamedType, Selected, Place], Expression]


@dataclass(frozen=True)
class Page:
    """`place` has the rows of the page, and one more where there is a next page, with their numbers from 1 on.

    They are the newest first, or with an `order` those whose time is the earliest.
    """

    place: Place
    first: Expression
    after: Bound | None
    order: Order

    @classmethod
    def of(
        cls, entry: Place, found: Select[Any], first: Expression, after: Bound | None, order: Order, *, is_root: bool
    ) -> Self:
        """The page of each row above, of the rows that are found in `entry`."""
        if after is not None:
            found = found.where(_behind(entry, order, after))
        if is_root:
            # There is one page only, and an index may have it without looking at all rows.
            found = found.order_by(*_sorted(entry, order)).limit(first + 1)
        rows = found.subquery()
        sorted_ = _sorted(Place(entry.source, rows), order)
        number = func.row_number().over(partition_by=rows.c[OF], order_by=sorted_).label(NUMBER)
        numbered = select(rows, number).subquery()
        key = func.row_number().over(order_by=(numbered.c[OF], numbered.c[NUMBER])).label(KEY)
        total = func.count().over(partition_by=numbered.c[OF]).label(TOTAL)
        kept = select(numbered, key, total).where(numbered.c[NUMBER] <= first + 1).cte()
        return cls(Place(entry.source, kept), first, after, order)

    @property
    def cursor(self) -> Expression:
        """The row's place in the list."""
        if self.place.source.sequence:
            return text_of(self.place.rows.c[self.place.source.sequence])
        return self.place.cursor(_time(self.place, self.order))

    def join(self, above: Place, type_: GraphQLObjectType, selected: Selected, make_node: MakeNode) -> Expression:
        """The connection of each row above, as selected."""
        edge, fields = field_type(type_, "edges"), selected.of(type_.name)
        full = {
            TYPENAME: lambda _: constant(type_.name),
            "edges": lambda each: self._edges(edge, each, make_node),
            "pageInfo": self._information,
        }
        empty = {
            TYPENAME: full[TYPENAME],
            "edges": lambda _: Json(constant("[]")),
            "pageInfo": self._information_of_none,
        }
        value = above.join(self.place, json_object((each.key, full[each.name](each)) for each in fields), grouped=True)
        return Json(func.coalesce(value, json_object((each.key, empty[each.name](each)) for each in fields)))

    def _edges(self, edge: GraphQLObjectType, selected: Selected, make_node: MakeNode) -> Expression:
        def parts() -> Iterator[tuple[str, Expression]]:
            for each in selected.of(edge.name):
                if each.name == "node":
                    yield each.key, make_node(field_type(edge, "node"), each, self.place)
                else:
                    yield each.key, self.cursor if each.name == "cursor" else constant(edge.name)

        return JsonList(json_object(parts()), self.place.rows.c[NUMBER] <= self.first, self.place.key)

    def _information(self, selected: Selected) -> Expression:
        number, total = self.place.rows.c[NUMBER], self.place.rows.c[TOTAL]
        last = case((total > self.first, self.first), else_=total)
        return self._page_info(
            selected,
            has_next=func.count() > self.first,
            start=func.max(case((number == constant(1), self.cursor))),
            end=func.max(case((number == last, self.cursor))),
        )

    def _information_of_none(self, selected: Selected) -> Expression:
        return self._page_info(selected, has_next=false(), start=constant(None), end=constant(None))

    def _page_info(self, selected: Selected, *, has_next: Any, start: Any, end: Any) -> Expression:
        values: dict[str, ColumnElement[Any]] = {
            TYPENAME: constant("PageInfo"),
            "hasNextPage": JsonBoolean(has_next),
            "hasPreviousPage": JsonBoolean(true() if self.after else false()),
            "startCursor": start,
            "endCursor": end,
        }
        return json_object((each.key, values[each.name]) for each in selected.of("PageInfo"))


def _time(place: Place, order: Order) -> Expression:
    return place.move(order[0]) if order else place.rows.c.created_at


def _sorted(place: Place, order: Order) -> tuple[Expression, ...]:
    if place.source.sequence:
        number = place.rows.c[place.source.sequence]
        return (number.asc() if order else number.desc(),)
    time, row_id = _time(place, order), place.rows.c.id
    return (time.asc(), row_id.asc()) if order else (time.desc(), row_id.desc())


def _behind(place: Place, order: Order, after: Bound) -> Expression:
    if place.source.sequence:
        number, given = place.rows.c[place.source.sequence], bindparam(after.parameter, type_=BigInteger())
        return number > given if order else number < given
    at = bindparam(after.parameter + "at", type_=UTCDateTime())
    row_id = bindparam(after.parameter + "id", type_=Identifier())
    mine, its = tuple_(_time(place, order), place.rows.c.id), tuple_(at, row_id)
    return mine > its if order else mine < its
