"""Scopes: what was asked for, made into what a consent allows, with everything that is wrong said at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents.intervals import LONGEST
from billing.errors import NotFound, Problem, Scope
from billing.input import CURRENCY
from billing.money import Money
from billing.tables import Consent, ConsentProduct, ConsentUsage, IntervalUnit, Product

PATH = ("input", "scope")


@dataclass(frozen=True)
class Amount:
    """As it came in: major units, and a currency that may be wrong."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class ScopeInput:
    """GraphQL's ConsentScopeInput. Units are IntervalUnit's values; an id that could not be read is None."""

    usage: str
    interval_unit: str | None = None
    interval_count: int | None = None
    currency: str | None = None
    maximum_amount: Amount | None = None
    monthly_maximum: Amount | None = None
    product_ids: Sequence[UUID | None] | None = None
    maximum_subscriptions: int = 1


def check(wanted: ScopeInput, terms_usage: str) -> list[Problem]:
    """Everything that is wrong with it, products apart (`check_products`)."""
    problems = []
    if wanted.usage != terms_usage:
        problems.append(_at("usage", f"These terms are for {terms_usage}."))
    return problems + _check_interval(wanted) + _check_amounts(wanted) + _check_counts(wanted)


def _check_interval(wanted: ScopeInput) -> list[Problem]:
    if wanted.usage != ConsentUsage.RECURRING:
        needless = "Only RECURRING payments have an interval; leave it out."
        return [_at("interval", needless)] if wanted.interval_unit else []
    if wanted.interval_unit is None:
        return [_at("interval", "RECURRING payments need an interval, as {unit: MONTH, count: 1}.")]
    longest = LONGEST[IntervalUnit(wanted.interval_unit)]
    if not 1 <= (wanted.interval_count or 0) <= longest:
        return [_at("interval", f"The count of this unit is 1 to {longest}, which is three years.", "count")]
    return []


def _check_amounts(wanted: ScopeInput) -> list[Problem]:
    currency = _currency(wanted)
    problems = []
    if currency is not None and not CURRENCY.fullmatch(currency):
        problems.append(_at("currency", "A currency is three capitals, as USD."))
    for field, amount in (("maximumAmount", wanted.maximum_amount), ("monthlyMaximum", wanted.monthly_maximum)):
        if amount is None:
            continue
        if amount.currency != currency:
            problems.append(_at(field, f"This has to be in {currency} like the rest of the scope.", "currency"))
        elif problem := _amount_problem(amount):
            problems.append(_at(field, problem, "amount"))
    return problems


def _amount_problem(amount: Amount) -> str | None:
    try:
        money = Money.parse(amount.amount, amount.currency)
    except ValueError as error:
        return str(error)
    return None if money.amount > 0 else "A maximum is more than zero; leave it out where there is none."


def _check_counts(wanted: ScopeInput) -> list[Problem]:
    problems = []
    if wanted.maximum_subscriptions < 1:
        problems.append(_at("maximumSubscriptions", "At least one."))
    elif wanted.usage != ConsentUsage.RECURRING and wanted.maximum_subscriptions > 1:
        problems.append(_at("maximumSubscriptions", "Only a RECURRING consent carries subscriptions; leave it out."))
    if wanted.product_ids is not None and not wanted.product_ids:
        problems.append(_at("productIds", "Name at least one product, or leave it out for any product."))
    return problems


def _at(field: str, message: str, *inside: str) -> Problem:
    return Problem((*PATH, field, *inside), message)


def _currency(wanted: ScopeInput) -> str | None:
    """The scope's own, else that of its limits: a limit in dollars says nothing about another currency."""
    amounts = (wanted.maximum_amount, wanted.monthly_maximum)
    return wanted.currency or next((each.currency for each in amounts if each is not None), None)


async def check_products(session: AsyncSession, wanted: ScopeInput) -> None:
    """Raises NotFound at the first product that there is not."""
    named = wanted.product_ids or ()
    statement = select(Product.id).where(col(Product.id).in_([each for each in named if each]))
    known = set((await session.exec(statement.where(col(Product.deleted_at).is_(None)))).all())
    for at, product_id in enumerate(named):
        if product_id not in known:
            raise NotFound("There is no such product.", (*PATH, "productIds", str(at)))


def make(wanted: ScopeInput) -> Scope:
    """The scope, of an input in which `check` found nothing."""
    recurring = wanted.usage == ConsentUsage.RECURRING
    return Scope(
        usage=wanted.usage,
        interval_unit=wanted.interval_unit if recurring else None,
        interval_count=wanted.interval_count if recurring else None,
        currency=_currency(wanted),
        maximum_amount=_minor(wanted.maximum_amount),
        monthly_maximum=_minor(wanted.monthly_maximum),
        product_ids=_sorted(each for each in wanted.product_ids if each) if wanted.product_ids else None,
        maximum_subscriptions=wanted.maximum_subscriptions,
    )


def _minor(amount: Amount | None) -> int | None:
    return Money.parse(amount.amount, amount.currency).amount if amount else None


def _sorted(product_ids: Iterable[UUID]) -> tuple[UUID, ...]:
    return tuple(sorted(set(product_ids)))


async def of(session: AsyncSession, consent: Consent) -> Scope:
    """The scope of a consent."""
    statement = select(ConsentProduct.product_id).where(ConsentProduct.consent_id == consent.id)
    products = _sorted((await session.exec(statement)).all())
    return Scope(
        usage=consent.usage,
        interval_unit=consent.interval_unit,
        interval_count=consent.interval_count,
        currency=consent.currency,
        maximum_amount=consent.maximum_amount,
        monthly_maximum=consent.monthly_maximum,
        product_ids=products or None,
        maximum_subscriptions=consent.maximum_subscriptions,
    )
