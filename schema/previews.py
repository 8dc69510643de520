"""Previews of subscriptions: what it would cost, before it is made."""

from datetime import UTC, datetime
from decimal import Decimal

import strawberry

from billing import previews
from billing.money import Money as Amount
from schema.consents import ConsentScope
from schema.invoices import InvoiceLine
from schema.reads import described
from schema.scalars import Currency
from schema.scopes import scope_of
from schema.values import Money, Period


@described
class SubscriptionPreview:
    """What a change would cost, before it is made."""

    due_now: Money = strawberry.field(description="Due at once; negative where the customer is owed.")
    next_total: Money = strawberry.field(description="Of the next full period; zero where none follows.")
    next_billing_at: datetime = strawberry.field(description="When the next period is billed, or the last one ends.")
    lines: list[InvoiceLine] = strawberry.field(description="What would be billed at once, or else next.")
    missing_consent: ConsentScope | None = strawberry.field(
        description="Null where the active consent covers it; else what a new consent has to allow."
    )
    token: str = strawberry.field(
        description="Given to createSubscription or updateSubscription, it makes exactly this change at exactly this "
        "price, or answers PreviewStale."
    )
    expires_at: datetime = strawberry.field(description="Until when the token can be used.")


def show(preview: previews.Preview) -> SubscriptionPreview:
    """The domain's preview as clients see it."""
    figures = preview.figures
    return SubscriptionPreview(
        due_now=_money(figures.due_now, figures.currency),
        next_total=_money(figures.next_total, figures.currency),
        next_billing_at=_at(figures.next_billing_at),
        lines=[_line(each, figures.currency) for each in figures.lines],
        missing_consent=scope_of(preview.missing) if preview.missing else None,
        token=preview.token,
        expires_at=preview.expires_at,
    )


def _line(line: previews.Line, currency: str) -> InvoiceLine:
    return InvoiceLine(
        description=line.description,
        amount=_money(line.amount, currency),
        quantity=line.quantity,
        period=Period(start=_at(line.start), end=_at(line.end)),
        proration=line.proration,
    )


def _money(amount: int, currency: str) -> Money:
    return Money(amount=Decimal(Amount(amount, currency).decimal), currency=Currency(currency))


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
