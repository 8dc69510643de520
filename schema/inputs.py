"""Small inputs that several mutations share."""

from decimal import Decimal
from typing import Any

import strawberry

from billing.errors import InvalidInput
from billing.money import Money
from schema.enums import IntervalUnit
from schema.reads import docstring
from schema.scalars import Currency


def described_input(cls: type) -> Any:
    """An input whose docstring is its description."""
    return strawberry.input(cls, description=docstring(cls))


def one_of_input(cls: type) -> Any:
    """The same for one of whose fields exactly one is given."""
    return strawberry.input(cls, one_of=True, description=docstring(cls))


@described_input
class MoneyInput:
    """An amount in major units."""

    amount: Decimal = strawberry.field(description='As "15.00"; no more digits than the currency has.')
    currency: Currency = strawberry.field(description="ISO 4217, capitals.")


@described_input
class BillingIntervalInput:
    """Every `count` units."""

    unit: IntervalUnit = strawberry.field(description="The unit.")
    count: int = strawberry.field(default=1, description="How many units.")


def money(given: MoneyInput, *path: str) -> Money:
    """In the smallest unit. Raises InvalidInput at `path` where the amount does not fit the currency."""
    try:
        return Money.parse(given.amount, given.currency)
    except ValueError as error:
        raise InvalidInput.at("input", *path, "amount", message=str(error)) from error
