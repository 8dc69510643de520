"""Amounts of money as people write them."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

WHOLE = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
THOUSANDTHS = "bhd jod kwd omr tnd"
DECIMALS: Mapping[str, int] = MappingProxyType(dict.fromkeys(WHOLE.split(), 0) | dict.fromkeys(THOUSANDTHS.split(), 3))
"""How many decimals a currency has where they are not two (https://docs.stripe.com/currencies)."""
SMALLEST: Mapping[str, int] = MappingProxyType({"gbp": 30, "dkk": 250, "hkd": 400, "nok": 300, "sek": 300, "aed": 200})
"""The least that Stripe charges, in the currency's smallest unit, where it is not 50."""


def smallest(currency: str) -> int:
    """The least that Stripe charges in a currency."""
    return SMALLEST.get(currency, 50)


def money(amount: int, currency: str) -> str:
    """An amount in the currency's smallest unit as people write it: 1500 and "usd" is "15.00 USD"."""
    decimals = DECIMALS.get(currency, 2)
    return f"{Decimal(amount).scaleb(-decimals):,.{decimals}f} {currency.upper()}"
