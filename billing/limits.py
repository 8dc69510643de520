"""Limits of payment methods themselves: whose they are, what they are, and whether anybody has confirmed them.

What is confirmed is refused before Stripe is called. What is not, because the sources disagree or speak of another use
of the method, is logged as a warning, or refused where REFUSE_UNCONFIRMED_LIMITS says so. The figures are settings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents.spending import month_of
from billing.errors import PaymentMethodLimit
from billing.money import Money
from billing.tables import Payment, PaymentMethod

log = structlog.get_logger()

AMAZON_PAY = "amazon_pay"

STRIPES_PAGE = "https://docs.stripe.com/payments/amazon-pay"
# Of Amazon Pay's own merchants, for an account saved for later charges; whether it binds charges by Stripe is not said.
AMAZONS_PAGE = "https://developer.amazon.com/docs/amazon-pay-checkout/monthly-paymentmethodonfile-charge-limits.html"

CURRENCIES = frozenset("AUD CHF DKK EUR GBP HKD JPY NOK NZD SEK USD ZAR".split())
REFUND_DAYS = 90
# Stripe's page says of accounts in the United States both this and every currency.
US_CURRENCIES = frozenset({"USD"})
# In major units.
MONTHLY_MAXIMA: Mapping[str, int] = {
    **dict.fromkeys(("USD", "EUR", "GBP", "AUD", "CHF", "NZD"), 15_000),
    **dict.fromkeys(("DKK", "HKD", "NOK", "SEK", "ZAR"), 150_000),
    "JPY": 2_000_000,
}


@dataclass(frozen=True)
class Limits:
    """The figures. `country` is that of the Stripe account, as US, where it is known."""

    currencies: frozenset[str] = CURRENCIES
    refund_days: int = REFUND_DAYS
    us_currencies: frozenset[str] = US_CURRENCIES
    monthly_maxima: Mapping[str, int] = field(default_factory=lambda: MONTHLY_MAXIMA)
    refuse_unconfirmed: bool = False
    country: str | None = None


def require_currency(limits: Limits, stripe_type: str, currency: str) -> None:
    """Raises PaymentMethodLimit where the method is not charged in this currency."""
    if stripe_type != AMAZON_PAY:
        return
    if currency not in limits.currencies:
        message = f"Amazon Pay takes {_listed(limits.currencies)}, by Stripe's list (AMAZON_PAY_CURRENCIES)."
        raise PaymentMethodLimit(message, "AMAZON_PAY_CURRENCIES", STRIPES_PAGE)
    if limits.country == "US" and currency not in limits.us_currencies:
        message = (
            f"Amazon Pay may take {_listed(limits.us_currencies)} alone for a Stripe account in the United States; "
            f"Stripe's page says both (AMAZON_PAY_US_CURRENCIES)."
        )
        _doubt(limits, PaymentMethodLimit(message, "AMAZON_PAY_US_CURRENCIES", STRIPES_PAGE), currency=currency)


def _listed(currencies: Iterable[str]) -> str:
    return ", ".join(sorted(currencies))


async def require_month(
    session: AsyncSession, limits: Limits, method: PaymentMethod, amount: Money, now: datetime
) -> None:
    """Raises PaymentMethodLimit where all payments of a calendar month (UTC) with this method would be too much."""
    most = limits.monthly_maxima.get(amount.currency) if method.stripe_type == AMAZON_PAY else None
    if most is None:
        return
    start, end = month_of(now)
    succeeded, moment = col(Payment.status) == "succeeded", func.coalesce(Payment.succeeded_at, Payment.created_at)
    spent = select(func.coalesce(func.sum(Payment.amount), 0)).where(
        Payment.payment_method_stripe_id == method.stripe_id,
        Payment.currency == amount.currency,
        or_(col(Payment.status) == "processing", succeeded & (moment >= start) & (moment < end)),
    )
    total = Money(int((await session.exec(spent)).one()) + amount.amount, amount.currency)
    maximum = Money.parse(Decimal(most), amount.currency)
    if total.amount <= maximum.amount:
        return
    message = (
        f"Amazon lets {maximum} be charged to one saved account in a calendar month, and this would make it {total}; "
        f"whether that binds charges by Stripe is not confirmed (AMAZON_PAY_MONTHLY_MAXIMA)."
    )
    _doubt(
        limits, PaymentMethodLimit(message, "AMAZON_PAY_MONTHLY_MAXIMA", AMAZONS_PAGE), payment_method=str(method.id)
    )


async def require(session: AsyncSession, limits: Limits, method: PaymentMethod, amount: Money, now: datetime) -> None:
    """Both, for one payment. Raises PaymentMethodLimit."""
    require_currency(limits, method.stripe_type, amount.currency)
    await require_month(session, limits, method, amount, now)


def require_refundable(limits: Limits, stripe_type: str | None, paid_at: datetime, now: datetime) -> None:
    """Raises PaymentMethodLimit where the method gives nothing back any more of what was paid at `paid_at`."""
    if stripe_type != AMAZON_PAY or now - paid_at <= timedelta(days=limits.refund_days):
        return
    message = (
        f"Amazon Pay gives money back for {limits.refund_days} days after the purchase, by Stripe's page "
        f"(AMAZON_PAY_REFUND_DAYS); this was paid on {paid_at:%Y-%m-%d}. Repay the customer another way."
    )
    raise PaymentMethodLimit(message, "AMAZON_PAY_REFUND_DAYS", STRIPES_PAGE)


def _doubt(limits: Limits, limit: PaymentMethodLimit, **context: str) -> None:
    if limits.refuse_unconfirmed:
        raise limit
    log.warning(
        "a limit that is not confirmed", limit=limit.limit, reason=limit.message, source=limit.source, **context
    )
