"""The scalars: strict about what comes in, exact about what goes out."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NewType
from urllib.parse import urlsplit

import strawberry
from strawberry.types.scalar import ScalarDefinition

Currency = NewType("Currency", str)
URL = NewType("URL", str)
JSON = NewType("JSON", object)

# RFC 3339 with its time zone, which datetime.fromisoformat alone would not insist on.
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
DECIMAL = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,12})?", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}")
LONGEST_URL = 2048


def parse_instant(value: object) -> datetime:
    """An instant in UTC. Raises ValueError."""
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise ValueError('A DateTime is a text with a time zone, as "2026-11-23T18:00:00Z".')
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{value} is not a time of the calendar.") from error


def write_instant(value: datetime | str) -> str:
    """To the second. What SQL wrote is so already."""
    return value if isinstance(value, str) else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_decimal(value: object) -> Decimal:
    """An exact decimal. Raises ValueError."""
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise ValueError('A Decimal is a text of digits without an exponent, as "15.00".')
    return Decimal(value)


def write_decimal(value: Decimal | str) -> str:
    """Without an exponent."""
    return value if isinstance(value, str) else f"{value:f}"


def parse_currency(value: object) -> str:
    """A code of ISO 4217's form. Raises ValueError."""
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        raise ValueError('A Currency is three capitals, as "USD".')
    return value


def parse_url(value: object) -> str:
    """An absolute http(s) address. Raises ValueError."""
    if not isinstance(value, str) or len(value) > LONGEST_URL or not value.isprintable() or " " in value:
        raise ValueError('A URL is a text, as "https://shop.example/return".')
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError('A URL begins with https:// or http://, as "https://shop.example/return".')
    return value


def as_it_is(value: Any) -> Any:
    """Nothing to do."""
    return value


SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, UTC, to the second: 2026-11-23T18:00:00Z. Input without a time zone is refused.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=write_instant,
        parse_value=parse_instant,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal in a JSON string, no exponent: "15.00". Output has the currency\'s digits.',
        serialize=write_decimal,
        parse_value=parse_decimal,
    ),
    Currency: strawberry.scalar(
        name="Currency", description="ISO 4217, capitals: USD.", serialize=as_it_is, parse_value=parse_currency
    ),
    URL: strawberry.scalar(
        name="URL", description="An absolute http(s) address.", serialize=as_it_is, parse_value=parse_url
    ),
    JSON: strawberry.scalar(name="JSON", description="Any JSON value.", serialize=as_it_is, parse_value=as_it_is),
}
