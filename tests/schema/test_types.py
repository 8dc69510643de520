"""The schema itself: every word of it, and that it is what was promised."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from schema.build import sdl
from schema.reads.types import declaration_of
from schema.scalars import parse_currency, parse_decimal, parse_instant, parse_url, write_decimal, write_instant

SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"


def words(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Everything that can be described, and its description."""
    for type_ in schema.type_map.values():
        if type_.name.startswith("__"):
            continue
        yield type_.name, type_.description
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{type_.name}.{name}", each.description) for name, each in type_.values.items())
        if isinstance(type_, GraphQLInputObjectType):
            yield from ((f"{type_.name}.{name}", each.description) for name, each in type_.fields.items())
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field.description
                yield from ((f"{type_.name}.{name}({arg})", each.description) for arg, each in field.args.items())


def test_everything_is_described(graphql_schema: GraphQLSchema) -> None:
    assert [name for name, description in words(graphql_schema) if not (description or "").strip()] == []


def test_the_printed_schema_is_current() -> None:
    assert SDL.read_text() == sdl(), "print it again: assent schema > schema/schema.graphql"


def test_the_root_of_live_fields_is_not_the_domains_subscription() -> None:
    printed = build_schema(sdl())
    assert printed.subscription_type is not None
    assert printed.subscription_type.name == "Live"
    assert "schema {" in sdl()


def test_every_field_of_a_type_with_a_table_says_how_it_is_read(graphql_schema: GraphQLSchema) -> None:
    for type_ in graphql_schema.type_map.values():
        definition = type_.extensions.get("strawberry-definition")
        if isinstance(type_, GraphQLObjectType) and hasattr(getattr(definition, "origin", None), "__source__"):
            assert [name for name, each in type_.fields.items() if declaration_of(each) is None] == [], type_.name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-23T18:00:00Z", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        ("2026-11-23T18:00:00.5Z", datetime(2026, 11, 23, 18, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-23T19:00:00+01:00", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        ("2026-11-23t18:00:00z", datetime(2026, 11, 23, 18, tzinfo=UTC)),
    ],
)
def test_an_instant_has_a_time_zone(text: str, value: datetime) -> None:
    assert parse_instant(text) == value
    assert write_instant(value) == "2026-11-23T18:00:00Z"


@pytest.mark.parametrize(
    "value",
    ["2026", "2026-11-23", "2026-11-23T18:00:00", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+23:59", 1, None, "now"],
)
def test_anything_else_is_no_instant(value: Any) -> None:
    with pytest.raises(ValueError, match=r"DateTime|calendar"):
        parse_instant(value)


@pytest.mark.parametrize("text", ["15.00", "0", "-0.05", "123456789012345678.5"])
def test_a_decimal_is_exact(text: str) -> None:
    assert write_decimal(parse_decimal(text)) == text
    assert isinstance(parse_decimal(text), Decimal)


@pytest.mark.parametrize(
    "value", [15.1, 15, "15.", ".5", "1E3", "NaN", "Infinity", "01", "1,000", " 1", "\uff11", "", None, "1" * 40]
)
def test_anything_else_is_no_decimal(value: Any) -> None:
    with pytest.raises(ValueError, match="Decimal"):
        parse_decimal(value)


@pytest.mark.parametrize("value", ["usd", "US", "USDX", "ÜSD", 1, None, "USD\n"])
def test_a_currency_is_three_capitals(value: Any) -> None:
    assert parse_currency("USD") == "USD"
    with pytest.raises(ValueError, match="Currency"):
        parse_currency(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "shop.example",
        "javascript:alert(1)",
        "//shop.example",
        "https://",
        "https://a b",
        "ftp://a",
        "https://a\n",
        1,
    ],
)
def test_a_url_is_an_absolute_web_address(value: Any) -> None:
    assert parse_url("https://shop.example/return?session={CHECKOUT_SESSION_ID}")
    with pytest.raises(ValueError, match="URL"):
        parse_url(value)
