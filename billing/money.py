"""Amounts: integers in the currency's smallest unit inside, exact decimals in major units outside."""

from dataclasses import dataclass
from decimal import Decimal

# https://docs.stripe.com/currencies: currencies without a minor unit, and with a thousandth.
ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())

# Stripe takes eight digits in most currencies and at most twelve in a few.
LARGEST_AMOUNT = 999_999_999_999


def exponent(currency: str) -> int:
    """How many decimals the currency's amounts have."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True)
class Money:
    """`amount` in the smallest unit of `currency` (capitals)."""

    amount: int
    currency: str

    @classmethod
    def parse(cls, amount: Decimal, currency: str) -> "Money":
        """From major units. Raises ValueError with a sentence where the amount does not fit the currency."""
        scaled = amount.scaleb(exponent(currency))
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{currency} has {exponent(currency)} decimals; {amount} has more.")
        if abs(scaled) > LARGEST_AMOUNT:
            raise ValueError(f"{amount} {currency} is more than Stripe takes.")
        return cls(int(scaled), currency)

    @property
    def decimal(self) -> str:
        """In major units, with the currency's digits: `15.00`, `1500` for JPY."""
        return f"{Decimal(self.amount).scaleb(-exponent(self.currency)):f}"

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency}"
