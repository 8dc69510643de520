"""Stripe's search query language, as far as equality, comparison and metadata go (https://docs.stripe.com/search).

At Stripe a new object is found after up to a minute; here at once.
"""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.wire.endpoints import Handler
from sandbox.wire.pagination import limit_of
from sandbox.wire.params import Params
from sandbox.work import Object, Work

CLAUSE = re.compile(
    r"""\s*(?P<not>-)?(?P<field>\w+)(?:\[(?P<q>["'])(?P<key>[^"'\]]+)(?P=q)\])?\s*(?P<sign>:|~|>=|<=|>|<)\s*"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w.]+)\s*"""
)
JOIN = re.compile(r"(AND|OR)\b")
PAGE = re.compile(r"before_(\d+)")
NUMBERS = ("amount", "created")


def search(kind: str, url: str, fields: Mapping[str, str]) -> Handler:
    """A handler that answers with the objects that a `query` finds; `fields` maps what it may ask for to paths."""

    def handler(work: Work, params: Params) -> Object:
        condition, values = _condition(params.get("query"), fields)
        limit, before = limit_of(params), _before(params.get("page"))
        sql = f"AND ({condition}) AND seq < ? ORDER BY seq DESC LIMIT {limit + 1}"
        found = work.select(kind, sql=sql, values=(*values, before))
        more, shown = len(found) > limit, found[:limit]
        last = work.connection.execute("SELECT seq FROM objects WHERE id = ?", (shown[-1]["id"],)) if more else None
        next_page = f"before_{last.fetchone()['seq']}" if last else None
        return {"object": "search_result", "data": shown, "has_more": more, "next_page": next_page, "url": url}

    return handler


def _condition(query: str, fields: Mapping[str, str]) -> tuple[str, list[Any]]:
    """The query as a condition of SQL with its values. InvalidRequest for what is none."""
    conditions: list[str] = []
    values: list[Any] = []
    joins: set[str] = set()
    place = 0
    while clause := CLAUSE.match(query, place):
        condition, bound = _clause(clause, fields)
        conditions.append(condition)
        values += bound
        place = clause.end()
        if place == len(query):
            break
        if not (join := JOIN.match(query, place)):
            break
        joins.add(join[1])
        place = join.end()
    if place != len(query) or not conditions or len(joins) > 1 or len(joins) == len(conditions):
        raise InvalidRequest(
            "Invalid search query: write clauses such as metadata['order']:'7', joined by AND or by OR, not by both.",
            param="query",
        )
    return f" {joins.pop() if joins else 'AND'} ".join(conditions), values


def _clause(clause: re.Match[str], fields: Mapping[str, str]) -> tuple[str, list[Any]]:
    field, key, sign = clause["field"], clause["key"], clause["sign"]
    if (field == "metadata") == (key is None) or (field != "metadata" and field not in fields):
        known = ", ".join([*fields, "metadata['key']"])
        raise InvalidRequest(f"Field `{field}` cannot be searched: use {known}.", param="query")
    path = f'$.metadata."{key}"' if key is not None else f"$.{fields[field]}"
    value, numeric = clause["value"], field in NUMBERS
    bound: list[Any] = [path]
    if (sign in (">", "<", ">=", "<=")) and not numeric:
        raise InvalidRequest(f"Field `{field}` cannot be compared with {sign}: use : instead.", param="query")
    if value == "null":
        condition = "json_extract(body, ?) IS NULL"
    elif sign == "~":
        condition = "instr(lower(json_extract(body, ?)), lower(?)) > 0"
        bound.append(_text(value))
    else:
        condition = f"json_extract(body, ?) {'=' if sign == ':' else sign} ?"
        bound.append(_number(value) if numeric else _text(value))
    # What an object lacks compares to nothing, and so is found by a negation.
    return (f"NOT coalesce({condition}, 0)", bound) if clause["not"] else (condition, bound)


def _text(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] in "\"'" else value


def _number(value: str) -> int:
    text = _text(value)
    if not text.isdecimal():
        raise InvalidRequest(f"`{text}` is not a number.", param="query")
    return int(text)


def _before(page: str | None) -> int:
    if page is None:
        return 2**62
    if not (cursor := PAGE.fullmatch(page)):
        raise InvalidRequest("Invalid page: send the `next_page` of an earlier answer.", param="page")
    return int(cursor[1])
