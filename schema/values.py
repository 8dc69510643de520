"""Small values that many types share, and their inputs."""

from datetime import datetime
from decimal import Decimal

import strawberry

from schema.enums import IntervalUnit
from schema.reads import described
from schema.scalars import Currency


@described
class Money:
    """In major units: {amount: "15.00", currency: "USD"}; {amount: "1500", currency: "JPY"}."""

    amount: Decimal = strawberry.field(description="With the currency's digits.")
    currency: Currency = strawberry.field(description="The currency.")


@described
class BillingInterval:
    """Every `count` units."""

    unit: IntervalUnit = strawberry.field(description="The unit.")
    count: int = strawberry.field(description="How many of them.")


@described
class Period:
    """A time with a beginning and an end."""

    start: datetime = strawberry.field(description="Its first second.")
    end: datetime = strawberry.field(description="The first second after it.")
