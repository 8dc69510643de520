"""Pages: keyset connections, newest first, as aggregates over numbered rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type
from sqlalchemy import FromClause, Select, bindparam, case, false, func, select, true, tuple_
from sqlmodel.sql.sqltypes import UTCDateTime

from billing.tables import Identifier
from schema.reads.declaring import Expression
from schema.reads.places import Place
from schema.reads.selecting import TYPENAME, Bound, Selected
from schema.reads.sql import JsonBoolean, JsonList, constant, json_object

NUMBER, TOTAL = "number_in_page", "total_in_page"

MakeNode = Callable[[GraphQLNamedType, Selected, Place], Expression]


@dataclass(frozen=True)
class Page:
    """`place` has the page's rows, and one more where there is a next page, with their numbers from 1 on."""

    place: Place
    first: Expression
    after: Bound | None

    @classmethod
    def of(cls, inner: Place, rows: Select[Any], first: Expression, after: Bound | None) -> Self:
        """The page of the rows that are selected from `inner`."""
        if after is not None:
            rows = rows.where(_behind(inner, after))
        found = rows.order_by(*_newest_first(inner.rows)).limit(first + 1).subquery()
        number = func.row_number().over(order_by=_newest_first(found)).label(NUMBER)
        total = func.count().over().label(TOTAL)
        return cls(Place(inner.source, select(found, number, total).subquery()), first, after)

    def value(self, type_: GraphQLObjectType, selected: Selected, make_node: MakeNode) -> Expression:
        """The connection, as selected."""
        edge = get_named_type(type_.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)

        def parts() -> Iterator[tuple[str, Expression]]:
            for each in selected.of(type_.name):
                if each.name == "edges":
                    yield each.key, self._edges(edge, each, make_node)
                elif each.name == "pageInfo":
                    yield each.key, self._information(each)
                else:
                    yield each.key, constant(type_.name)

        return select(json_object(parts())).select_from(self.place.rows).scalar_subquery()

    def _edges(self, edge: GraphQLObjectType, selected: Selected, make_node: MakeNode) -> Expression:
        def parts() -> Iterator[tuple[str, Expression]]:
            for each in selected.of(edge.name):
                if each.name == "node":
                    yield each.key, make_node(get_named_type(edge.fields["node"].type), each, self.place)
                else:
                    yield each.key, self.place.cursor if each.name == "cursor" else constant(edge.name)

        return JsonList(json_object(parts()), self.place.rows.c[NUMBER] <= self.first)

    def _information(self, selected: Selected) -> Expression:
        number, total = self.place.rows.c[NUMBER], self.place.rows.c[TOTAL]
        last = case((total > self.first, self.first), else_=total)
        values = {
            TYPENAME: constant("PageInfo"),
            "hasNextPage": JsonBoolean(func.count() > self.first),
            "hasPreviousPage": JsonBoolean(true() if self.after else false()),
            "startCursor": func.max(case((number == 1, self.place.cursor))),
            "endCursor": func.max(case((number == last, self.place.cursor))),
        }
        return json_object((each.key, values[each.name]) for each in selected.of("PageInfo"))


def _newest_first(rows: FromClause) -> tuple[Expression, Expression]:
    return rows.c.created_at.desc(), rows.c.id.desc()


def _behind(place: Place, after: Bound) -> Expression:
    at = bindparam(after.parameter + "at", type_=UTCDateTime())
    row_id = bindparam(after.parameter + "id", type_=Identifier())
    return tuple_(place.rows.c.created_at, place.rows.c.id) < tuple_(at, row_id)
