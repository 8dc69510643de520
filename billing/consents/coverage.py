"""Coverage: nothing is charged that no active consent allows."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import terms
from billing.consents import scope
from billing.consents.intervals import at_most_once
from billing.consents.locking import hold_customer
from billing.consents.spending import month_total
from billing.consents.standing import ConsentStatus, is_active, status
from billing.errors import ConsentRequired, ConsentScopeExceeded, NotFound, Scope, TermsSuperseded
from billing.tables import ENDED, Consent, ConsentUsage, Operation, OperationStatus, Subscription, Terms

CREATES_SUBSCRIPTION = "createSubscription"
# What puts one more subscription on a consent.
ADDS_SUBSCRIPTION = (CREATES_SUBSCRIPTION, "adoptSubscription")


@dataclass(frozen=True)
class Asker:
    """What coverage is asked for, which must not count against itself; `due_now`: how much of it falls due at once."""

    subscription_id: UUID | None = None
    operation: Operation | None = None
    invoice_stripe_id: str | None = None
    due_now: int | None = None

    @property
    def created_id(self) -> UUID | None:
        """The subscription that the operation makes."""
        creates = self.operation is not None and self.operation.mutation == CREATES_SUBSCRIPTION
        return self.operation.node_id if self.operation and creates else None


def covers(allowed: Scope, needed: Scope) -> bool:
    """Whether one payment of what is needed stays within what is allowed. An unknown amount is within no limit."""
    if allowed.usage != needed.usage or allowed.currency not in (None, needed.currency):
        return False
    if allowed.product_ids is not None and not set(needed.product_ids or ()) <= set(allowed.product_ids):
        return False
    if allowed.product_ids is not None and needed.product_ids is None:
        return False
    limits = (allowed.maximum_amount, allowed.monthly_maximum)
    return _interval_covers(allowed, needed) and all(_within(needed.maximum_amount, limit) for limit in limits)


def _interval_covers(allowed: Scope, needed: Scope) -> bool:
    if allowed.interval_unit is None or allowed.interval_count is None:
        return True
    if needed.interval_unit is None or needed.interval_count is None:
        return False
    charged = (needed.interval_unit, needed.interval_count)
    return at_most_once(charged, (allowed.interval_unit, allowed.interval_count))


def _within(amount: int | None, limit: int | None) -> bool:
    return limit is None or (amount is not None and amount <= limit)


async def require(
    session: AsyncSession,
    *,
    customer_id: UUID | None,
    needed: Scope,
    consent_id: UUID | None = None,
    subscription_id: UUID | None = None,
    operation_id: UUID | None = None,
    invoice_stripe_id: str | None = None,
    due_now: int | None = None,
    now: datetime,
) -> Consent:
    """The active consent that allows what is needed: the named one (or the one that took its place), else the newest.

    `needed.maximum_amount` is the largest payment that is about to be made, or to be committed to; `due_now` what of it
    falls due in this month, if that is not all of it. `subscription_id`, `operation_id` and `invoice_stripe_id` say
    what asks, because it must not count against itself. A consent that names a subscription covers that one alone. Call
    it in the transaction that reserves: it holds the customer's lock, so that parallel ones see each other. Raises
    NotFound (a foreign consent), ConsentRequired, ConsentScopeExceeded.
    """
    if customer_id is None or await hold_customer(session, customer_id) is None:
        raise NotFound("There is no such customer.", ("input", "customerId"))
    creating = await session.get(Operation, operation_id) if operation_id else None
    asker = Asker(subscription_id, creating, invoice_stripe_id, due_now)
    candidates = await _candidates(session, customer_id, needed.usage, asker, now)
    if consent_id is not None:
        named = await standing_for(session, await _get(session, customer_id, consent_id))
        candidates = [each for each in candidates if each.id == named.id]
    if not candidates:
        raise ConsentRequired("No active consent allows this; ask the customer for one.", needed)
    shortfalls = []
    for consent in candidates:
        missing = await shortfall(session, consent, needed, asker, month_of=now)
        if missing is None:
            return consent
        shortfalls.append(missing)
    message = "The consent does not go as far as this; ask the customer for one that does."
    raise ConsentScopeExceeded(message, candidates[0].id, shortfalls[0])


async def _candidates(
    session: AsyncSession, customer_id: UUID, usage: str, asker: Asker, now: datetime
) -> list[Consent]:
    """Active ones for this use; those that name the subscription first, then the newest."""
    statement = select(Consent).where(Consent.customer_id == customer_id, Consent.usage == usage)
    statement = statement.order_by(col(Consent.created_at).desc(), col(Consent.id).desc())
    found = (await session.exec(statement.execution_options(populate_existing=True))).all()
    fitting = [each for each in found if each.subscription_id in (None, asker.subscription_id)]
    active = [each for each in fitting if is_active(each, now, user=asker.operation.id if asker.operation else None)]
    return sorted(active, key=lambda each: each.subscription_id is None)


async def _get(session: AsyncSession, customer_id: UUID, consent_id: UUID | None) -> Consent:
    found = await session.get(Consent, consent_id) if consent_id else None
    if found is None or found.customer_id != customer_id:
        raise NotFound("There is no such consent of this customer.", ("input", "consentId"))
    return found


async def standing_for(session: AsyncSession, consent: Consent) -> Consent:
    """The consent, or the newest of those that took its place one after the other."""
    while consent.superseded_by_id is not None and consent.revoked_at is None:
        consent = await session.get_one(Consent, consent.superseded_by_id)
    return consent


async def shortfall(
    session: AsyncSession, consent: Consent, needed: Scope, asker: Asker, *, month_of: datetime | None
) -> Scope | None:
    """None where the consent suffices; else what a sufficient one has to allow.

    What else is charged in the month of `month_of` counts too; None where nothing is charged yet.
    """
    allowed = await scope.of(session, consent)
    wanted = needed
    if allowed.monthly_maximum is not None:
        spent = await _spent(session, consent, asker, month_of) if month_of is not None else 0
        largest = needed.maximum_amount or 0
        due_now = largest if asker.due_now is None else asker.due_now
        wanted = replace(wanted, monthly_maximum=max(spent + due_now, largest))
    if allowed.usage == ConsentUsage.RECURRING:
        wanted = replace(wanted, maximum_subscriptions=1 + await _carried(session, consent, asker))
    enough = (
        covers(allowed, wanted)
        and _within(wanted.monthly_maximum, allowed.monthly_maximum)
        and wanted.maximum_subscriptions <= allowed.maximum_subscriptions
    )
    return None if enough else wanted


async def _spent(session: AsyncSession, consent: Consent, asker: Asker, month: datetime) -> int:
    return await month_total(
        session,
        consent,
        month,
        except_invoice=asker.invoice_stripe_id,
        except_unpaid_of=asker.created_id,
        except_operation=asker.operation,
    )


async def _carried(session: AsyncSession, consent: Consent, asker: Asker) -> int:
    """Live subscriptions on the consent, and those that are being made on it, apart from what asks."""
    live = select(func.count()).where(
        col(Subscription.consent_id) == consent.id,
        col(Subscription.status).not_in(ENDED),
        col(Subscription.id).not_in([each for each in (asker.subscription_id, asker.created_id) if each]),
    )
    making = select(func.count()).where(
        col(Operation.consent_id) == consent.id,
        col(Operation.mutation).in_(ADDS_SUBSCRIPTION),
        col(Operation.status).in_((OperationStatus.PENDING, OperationStatus.UNKNOWN)),
        col(Operation.node_id).not_in(select(Subscription.id).where(col(Subscription.managed))),
    )
    if asker.operation is not None:
        making = making.where(col(Operation.id) != asker.operation.id)
    return (await session.exec(live)).one() + (await session.exec(making)).one()


async def require_for_setup(
    session: AsyncSession, *, customer_id: UUID, consent_id: UUID | None, current: bool = True, now: datetime
) -> Consent:
    """The named consent, under which a method is about to be saved: active and, where `current`, to the newest terms.

    Raises NotFound, ConsentRequired (for the named consent's own scope), TermsSuperseded.
    """
    await hold_customer(session, customer_id)
    consent = await _get(session, customer_id, consent_id)
    await session.refresh(consent)
    standing = status(consent, now)
    if standing != ConsentStatus.ACTIVE:
        required = await scope.of(session, consent)
        raise ConsentRequired(f"This consent is {standing.lower()}; ask the customer for a new one.", required)
    agreed = await session.get_one(Terms, consent.terms_id)
    newest = await terms.current(session, agreed.slug, agreed.locale)
    if current and newest is not None and newest.id != agreed.id:
        raise TermsSuperseded("The customer agreed to an older version of these terms.", newest.id)
    return consent
