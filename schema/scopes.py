"""Scopes that no row has: what a consent would have to allow."""

from decimal import Decimal

from billing.errors import Scope
from billing.money import Money as Amount
from schema.consents import ConsentScope
from schema.enums import ConsentUsage, IntervalUnit
from schema.reads.reading import reference
from schema.scalars import Currency
from schema.values import BillingInterval, Money


def scope_of(scope: Scope) -> ConsentScope:
    """A scope that no row has."""
    unit, count, currency = scope.interval_unit, scope.interval_count, scope.currency
    interval = BillingInterval(unit=IntervalUnit(unit.upper()), count=count) if unit and count else None
    return ConsentScope(
        usage=ConsentUsage(scope.usage),
        interval=interval,
        currency=Currency(currency) if currency else None,
        maximum_amount=money_of(scope.maximum_amount, currency),
        monthly_maximum=money_of(scope.monthly_maximum, currency),
        products=reference(scope.product_ids),
        maximum_subscriptions=scope.maximum_subscriptions,
    )


def money_of(amount: int | None, currency: str | None) -> Money | None:
    """An amount in the smallest unit as clients see it; null where there is none."""
    if amount is None or currency is None:
        return None
    return Money(amount=Decimal(Amount(amount, currency).decimal), currency=Currency(currency))
