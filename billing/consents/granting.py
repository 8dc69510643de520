"""Recording what a customer agreed to."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import terms
from billing.callers import Caller
from billing.consents import evidence, ledger
from billing.consents.carrying import open_setup_sessions
from billing.consents.locking import hold_customer
from billing.consents.scope import ScopeInput, check_products
from billing.consents.scope import check as check_scope
from billing.consents.scope import make as make_scope
from billing.consents.superseding import find_superseded, pass_on
from billing.errors import InvalidTransition, NotFound, Problem, Scope, TermsSuperseded
from billing.input import raise_problems
from billing.tables import (
    ENDED,
    Consent,
    ConsentChannel,
    ConsentProduct,
    ConsentUsage,
    Customer,
    LedgerAction,
    Subscription,
    Terms,
)


@dataclass(frozen=True)
class Granted:
    """`passed` rest on the new consent now; `stopped` rested on one that it supersedes and go further than it does.

    `setup_sessions` are still open under a superseded consent. All are ids.
    """

    consent: Consent
    passed: tuple[UUID, ...]
    stopped: tuple[UUID, ...]
    setup_sessions: tuple[UUID, ...]


async def record(
    session: AsyncSession,
    caller: Caller,
    *,
    customer_id: UUID | None,
    terms_id: UUID | None,
    scope: ScopeInput,
    accepted: bool,
    terms_sha256: str | None = None,
    subscription_id: UUID | None = None,
    ip_address: str | None = None,
    user_agent: str | None = None,
    locale: str | None = None,
    channel: str = ConsentChannel.WEB,
    expires_at: datetime | None = None,
    now: datetime,
) -> Granted:
    """Writes the consent, its record in the ledger, and what follows for older consents.

    Raises NotFound (customer, terms, product, subscription), InvalidInput with everything that is wrong,
    TermsSuperseded, and InvalidTransition where the customer was deleted.
    """
    customer = await _hold_customer(session, caller, customer_id)
    agreed = await terms.get(session, terms_id)
    named = await _get_subscription(session, customer, subscription_id)
    await check_products(session, scope)
    reported = {"ip_address": ip_address, "user_agent": user_agent, "locale": locale}
    raise_problems(
        _check_agreement(agreed, terms_sha256, accepted=accepted)
        + check_scope(scope, agreed.usage)
        + evidence.check(caller, **reported)
        + _check_subscription(scope, named)
        + _check_expiry(expires_at, now)
    )
    await _require_current(session, agreed)
    allowed = make_scope(scope)
    proof = evidence.Evidence.of(caller, channel=channel, **reported)
    consent = _make(customer, agreed, allowed, proof, now)
    consent.subscription_id, consent.expires_at = named.id if named else None, expires_at
    return await _write(session, consent, agreed, allowed.product_ids or ())


def _make(customer: Customer, agreed: Terms, allowed: Scope, proof: evidence.Evidence, now: datetime) -> Consent:
    return Consent(
        created_at=now,
        customer_id=customer.id,
        terms_id=agreed.id,
        terms_sha256=agreed.sha256,
        **_columns(allowed),
        **asdict(proof),
    )


def _columns(allowed: Scope) -> dict[str, Any]:
    return {name: value for name, value in asdict(allowed).items() if name != "product_ids"}


async def _write(session: AsyncSession, consent: Consent, agreed: Terms, products: tuple[UUID, ...]) -> Granted:
    session.add(consent)
    await session.flush()
    session.add_all(ConsentProduct(consent_id=consent.id, product_id=each) for each in products)
    await session.flush()
    older = await find_superseded(session, consent, agreed)
    for each in older:
        each.superseded_by_id = consent.id
        session.add(each)
    commitments = ledger.commit_personal(consent, ledger.GRANTED_WITH)
    await session.flush()
    facts = {**await ledger.granted_facts(session, consent, agreed), "commitments": commitments}
    await ledger.append(session, consent, LedgerAction.GRANTED, facts, consent.created_at)
    succession = await pass_on(session, consent, older)
    open_sessions = await open_setup_sessions(session, older)
    return Granted(consent, succession.passed, succession.stopped, open_sessions)


async def _hold_customer(session: AsyncSession, caller: Caller, customer_id: UUID | None) -> Customer:
    found = await hold_customer(session, customer_id) if customer_id else None
    if found is None or not caller.may_see(found.id):
        raise NotFound("There is no such customer.", ("input", "customerId"))
    if found.deleted_at is not None:
        raise InvalidTransition("This customer was deleted at Stripe.", "customer", found.id)
    return found


async def _get_subscription(
    session: AsyncSession, customer: Customer, subscription_id: UUID | None
) -> Subscription | None:
    if subscription_id is None:
        return None
    found = await session.get(Subscription, subscription_id)
    if found is None or found.customer_id != customer.id:
        raise NotFound("There is no such subscription of this customer.", ("input", "subscriptionId"))
    return found


async def _require_current(session: AsyncSession, agreed: Terms) -> None:
    newest = await terms.current(session, agreed.slug, agreed.locale)
    if newest is not None and newest.id != agreed.id:
        raise TermsSuperseded("There is a newer version of these terms; show that one to the customer.", newest.id)


def _check_agreement(agreed: Terms, terms_sha256: str | None, *, accepted: bool) -> list[Problem]:
    problems = []
    if not accepted:
        refused = "The customer has to agree: record a consent only with accepted: true."
        problems.append(Problem(("input", "accepted"), refused))
    if terms_sha256 is not None and terms_sha256.lower() != agreed.sha256:
        other = "This is not the hash of these terms, so another text was shown; show Terms.body and agree again."
        problems.append(Problem(("input", "termsSha256"), other))
    return problems


def _check_subscription(wanted: ScopeInput, named: Subscription | None) -> list[Problem]:
    path = ("input", "subscriptionId")
    if named is None:
        return []
    if wanted.usage != ConsentUsage.RECURRING:
        return [Problem(path, "Only a RECURRING consent is for a subscription; leave it out.")]
    return [Problem(path, "This subscription has ended.")] if named.status in ENDED else []


def _check_expiry(expires_at: datetime | None, now: datetime) -> list[Problem]:
    if expires_at is None or expires_at > now:
        return []
    return [Problem(("input", "expiresAt"), "A consent expires in the future.")]
