"""Shares of amounts in the smallest unit of a currency, rounded so that nothing is lost."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def whole(amount: Fraction | Decimal) -> int:
    """The nearest whole amount; a half goes away from zero, for a credit as for a debit."""
    exact = Fraction(amount)
    rounded = int(abs(exact) + Fraction(1, 2))
    return -rounded if exact < 0 else rounded


def share(amount: int, part: int, of: int) -> int:
    """The whole amount that falls to `part` of `of`, such as seconds of a period."""
    return whole(Fraction(amount * part, of))


def percent(amount: int, percentage: float) -> int:
    """That much percent of an amount."""
    return whole(amount * Fraction(str(percentage)) / 100)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts that are as the weights are to each other and add up to it.

    Every part is rounded down first; what is left over goes, unit by unit, to those that lost most, the first of
    equals first.
    """
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    parts = [int(each) for each in exact]
    by_loss = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_loss[: amount - sum(parts)]:
        parts[index] += 1
    return parts
