"""The words in which a table says what of its rows goes into the journal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.money import Money

# A row's columns by their names; the value of a field as GraphQL writes it.
Values = Mapping[str, Any]
Write = Callable[[Values], Any]


@dataclass(frozen=True)
class Field:
    """A field of GraphQL's: which columns it is made of, and how it is written.

    `customers` whether their tokens are shown it; `personal` whether a redaction takes its values away.
    """

    name: str
    columns: tuple[str, ...]
    write: Write
    customers: bool = True
    personal: bool = False


@dataclass(frozen=True)
class Journaled:
    """What of a table is kept.

    `noun` is that of the object which shows it, `parent` how that one is found where it is not the row itself: its
    table, the column by which it is known there, and the column here that has it. With `listed` the rows are a list
    in that field of the parent, in the order of that column.
    """

    noun: str
    fields: tuple[Field, ...]
    owner: str | None = None
    parent: tuple[type[Any], str, str] | None = None
    listed: str | None = None

    @property
    def key(self) -> str:
        """The column that has what the parent is known by; the row's own id where it has none."""
        return self.parent[2] if self.parent else "id"

    @property
    def columns(self) -> frozenset[str]:
        """Those that matter."""
        return frozenset(name for field in self.fields for name in field.columns)


def plain(name: str, column: str, **traits: bool) -> Field:
    """A column as it is."""
    return Field(name, (column,), lambda row: row[column], **traits)


def word(name: str, column: str) -> Field:
    """One of Stripe's lower-case words."""
    return Field(name, (column,), lambda row: upper(row[column]))


def time(name: str, column: str) -> Field:
    """A time, to the second."""
    return Field(name, (column,), lambda row: instant(row[column]))


def money(name: str, column: str) -> Field:
    """An amount in the row's currency."""
    return Field(name, (column, "currency"), lambda row: amount(row[column], row["currency"]))


def node(name: str, noun: str, column: str) -> Field:
    """Another object of ours, by its id."""
    return Field(name, (column,), lambda row: None if row[column] is None else global_id(noun, row[column]))


def made(name: str, columns: str, write: Write, **traits: bool) -> Field:
    """Whatever is made of these columns."""
    return Field(name, tuple(columns.split()), write, **traits)


def global_id(noun: str, row_id: UUID) -> str:
    """As GraphQL has it."""
    return f"{noun}_{row_id}"


def upper(text: str | None) -> str | None:
    """A word of Stripe's as an enum value."""
    return None if text is None else text.upper()


def instant(at: datetime | None) -> str | None:
    """As GraphQL's DateTime."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def amount(smallest: int | None, currency: str | None) -> dict[str, str] | None:
    """As GraphQL's Money."""
    if smallest is None or currency is None:
        return None
    return {"amount": Money(smallest, currency).decimal, "currency": currency}


def period(start: datetime | None, end: datetime | None) -> dict[str, str | None] | None:
    """As GraphQL's Period."""
    return None if start is None else {"start": instant(start), "end": instant(end)}


def interval(unit: str | None, count: int | None) -> dict[str, Any] | None:
    """As GraphQL's BillingInterval."""
    return None if unit is None else {"unit": unit.upper(), "count": count}


def failure(default: str) -> Write:
    """Why something did not succeed; `default` says it where Stripe does not."""

    def write(row: Values) -> dict[str, Any] | None:
        if row["failure_code"] is None:
            return None
        return {"code": row["failure_code"], "message": row["failure_message"] or default}

    return write
