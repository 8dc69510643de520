"""A newer consent takes the place of older ones that are the same but for how far they go."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import scope
from billing.consents.carrying import known_to_be_needed_by, live_subscriptions
from billing.consents.coverage import covers
from billing.errors import Scope
from billing.tables import ENDED, Consent, Subscription, Terms


@dataclass(frozen=True)
class Succession:
    """Ids of subscriptions that now rest on the newer consent, and of those that nothing covers any more."""

    passed: tuple[UUID, ...]
    stopped: tuple[UUID, ...]


async def find_superseded(session: AsyncSession, newer: Consent, agreed: Terms) -> list[Consent]:
    """Older ones with the same customer, terms slug, usage, currency, products, and the same subscription or none."""
    statement = (
        select(Consent)
        .join(Terms, col(Terms.id) == Consent.terms_id)
        .where(
            Consent.customer_id == newer.customer_id,
            Consent.id != newer.id,
            Consent.usage == newer.usage,
            Terms.slug == agreed.slug,
            col(Consent.currency).is_not_distinct_from(newer.currency),
            col(Consent.subscription_id).is_not_distinct_from(newer.subscription_id),
            col(Consent.revoked_at).is_(None),
            col(Consent.superseded_by_id).is_(None),
        )
        .order_by(col(Consent.created_at), col(Consent.id))
    )
    older = (await session.exec(statement.execution_options(populate_existing=True))).all()
    products = (await scope.of(session, newer)).product_ids
    return [each for each in older if (await scope.of(session, each)).product_ids == products]


async def pass_on(session: AsyncSession, newer: Consent, older: list[Consent]) -> Succession:
    """Moves to the newer consent what it covers: the subscription that it names, then what rests on the older ones."""
    allowed = await scope.of(session, newer)
    named = await _named(session, newer)
    left = [each for consent in older for each in await live_subscriptions(session, consent)]
    ordered = [*named, *(each for each in left if each.id not in {it.id for it in named})]
    passed: list[UUID] = []
    for subscription in ordered:
        if len(passed) < allowed.maximum_subscriptions and await _is_covered(session, allowed, subscription):
            subscription.consent_id = newer.id
            session.add(subscription)
            passed.append(subscription.id)
    await session.flush()
    return Succession(tuple(passed), tuple(each.id for each in left if each.id not in passed))


async def _named(session: AsyncSession, newer: Consent) -> list[Subscription]:
    """The subscription that the consent is for, if it is managed and goes on; others have to be adopted first."""
    named = await session.get(Subscription, newer.subscription_id) if newer.subscription_id else None
    return [named] if named and named.managed and named.status not in ENDED else []


async def _is_covered(session: AsyncSession, allowed: Scope, subscription: Subscription) -> bool:
    needed = await known_to_be_needed_by(session, subscription)
    return needed is not None and covers(allowed, needed)
