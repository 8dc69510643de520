"""Amounts of money as people write them."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

WHOLE = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
THOUSANDTHS = "bhd jod kwd omr tnd"
DECIMALS: Mapping[str, int] = MappingProxyType(dict.fromkeys(WHOLE.split(), 0) | dict.fromkeys(THOUSANDTHS.split(), 3))
"""How many decimals a currency has where they are not two (https://docs.stripe.com/currencies)."""


def money(amount: int, currency: str) -> str:
    """An amount in the currency's smallest unit as people write it: 1500 and "usd" is "15.00 USD"."""
    decimals = DECIMALS.get(currency, 2)
    return f"{Decimal(amount).scaleb(-decimals):,.{decimals}f} {currency.upper()}"
