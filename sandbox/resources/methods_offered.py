"""Which payment method types a session or an intent really offers."""

from collections.abc import Sequence

from sandbox.errors import InvalidRequest
from sandbox.wire.params import Params

AMAZON_PAY_CURRENCIES = frozenset("usd aud gbp dkk eur hkd jpy nzd nok zar sek chf".split())
"""Those that Stripe's Amazon Pay page lists."""
FILTERS = ("allowed_payment_method_types", "excluded_payment_method_types")


def offered(enabled: Sequence[str], params: Params) -> list[str]:
    """The enabled types that fit the currency and pass the filters.

    A type that does not is left out in silence, as at Stripe; InvalidRequest only if nothing is left.
    """
    given = params.given(*FILTERS)
    if len(given) == len(FILTERS):
        raise InvalidRequest(f"You may only specify one of these parameters: {', '.join(FILTERS)}.", param=FILTERS[1])
    currency = params.get("currency")
    types = [
        type
        for type in enabled
        if type in given.get(FILTERS[0], [type])
        and type not in given.get(FILTERS[1], [])
        and _takes(type, currency.lower() if currency else None)
    ]
    if not types:
        raise InvalidRequest(
            "No valid payment method types for this request. Please ensure that you have activated payment methods "
            "compatible with your chosen currency in your dashboard "
            "(https://dashboard.stripe.com/settings/payment_methods).",
            param=FILTERS[0] if FILTERS[0] in given else None,
        )
    return types


def types_for(enabled: Sequence[str], currency: str) -> list[str]:
    """The enabled types that take the currency."""
    return [type for type in enabled if _takes(type, currency)]


def _takes(type: str, currency: str | None) -> bool:
    return type != "amazon_pay" or currency is None or currency in AMAZON_PAY_CURRENCIES
