"""Everything that a receipt tells of, as it is in the database."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import ledger
from billing.consents import scope as scopes
from billing.consents.charges import Charge, charges_under
from billing.errors import Scope
from billing.tables import (
    Consent,
    ConsentRecord,
    Customer,
    Installation,
    LedgerAction,
    Product,
    StripeObject,
    Subscription,
    Terms,
)


@dataclass(frozen=True)
class Evidence:
    """`records` are those of this consent, by what they say; `anchors` what carries the digest at Stripe."""

    consent: Consent
    customer: Customer
    terms: Terms
    scope: Scope
    products: dict[UUID, str]
    records: dict[str, ConsentRecord]
    successor: ConsentRecord | None
    subscriptions: list[Subscription]
    charges: list[Charge]
    anchors: list[tuple[str, str]]
    account: str | None

    @property
    def grant(self) -> ConsentRecord:
        """The record that the customer agreed."""
        return self.records[LedgerAction.GRANTED]

    @property
    def latest(self) -> ConsentRecord:
        """What was recorded last of this consent."""
        return max(self.records.values(), key=lambda each: each.sequence)


async def gather(session: AsyncSession, consent_id: UUID) -> Evidence:
    """Raises NoResultFound for an unknown consent."""
    consent = await session.get_one(Consent, consent_id)
    chain = await ledger.list_records(session, consent.customer_id)
    records = {each.action: each for each in chain if each.consent_id == consent.id}
    after = (each for each in chain if each.consent_id == consent.superseded_by_id)
    customer = await session.get_one(Customer, consent.customer_id)
    allowed = await scopes.of(session, consent)
    named = select(Product).where(col(Product.id).in_(allowed.product_ids or ()))
    carried = select(Subscription).where(Subscription.consent_id == consent.id)
    carried = carried.order_by(col(Subscription.created_at), col(Subscription.id))
    return Evidence(
        consent=consent,
        customer=customer,
        terms=await session.get_one(Terms, consent.terms_id),
        scope=allowed,
        products={each.id: each.name for each in (await session.exec(named)).all()},
        records=records,
        successor=next(after, None),
        subscriptions=list((await session.exec(carried)).all()),
        charges=await charges_under(session, consent.id),
        anchors=await _anchors(session, customer, records[LedgerAction.GRANTED].digest),
        account=(await session.exec(select(Installation.stripe_account))).first(),
    )


async def _anchors(session: AsyncSession, customer: Customer, digest: str) -> list[tuple[str, str]]:
    """Objects at Stripe, as last seen, that carry the digest."""
    carried = col(StripeObject.data)["metadata"]["assent_consent_digest"].as_string()
    statement = select(StripeObject.type, StripeObject.stripe_id).where(
        StripeObject.customer_stripe_id == customer.stripe_id, carried == digest
    )
    return list((await session.exec(statement.order_by(col(StripeObject.stripe_id)))).all())
