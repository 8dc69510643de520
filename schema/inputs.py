"""Small inputs that several mutations share."""

from decimal import Decimal as Number

import strawberry

from billing.errors import InvalidInput
from billing.money import Money
from schema.enums import IntervalUnit
from schema.scalars import Currency, Decimal


@strawberry.input(description="An amount in major units.")
class MoneyInput:
    amount: Decimal = strawberry.field(description='As "15.00"; no more digits than the currency has.')
    currency: Currency = strawberry.field(description="ISO 4217, capitals.")


@strawberry.input(description="Every `count` units.")
class BillingIntervalInput:
    unit: IntervalUnit = strawberry.field(description="The unit.")
    count: int = strawberry.field(default=1, description="How many units.")


def money(given: MoneyInput, *path: str) -> Money:
    """In the smallest unit. Raises InvalidInput at `path` where the amount does not fit the currency."""
    try:
        return Money.parse(Number(given.amount), given.currency)
    except ValueError as error:
        raise InvalidInput.at("input", *path, "amount", message=str(error)) from error
