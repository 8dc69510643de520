"""The receipt: a consent as a document that a customer, a merchant or a bank can read and check."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import ledger, paper
from billing.consents import scope as scopes
from billing.consents.standing import ConsentStatus, status
from billing.errors import Scope
from billing.money import Money
from billing.tables import (
    Consent,
    ConsentChannel,
    ConsentRecord,
    ConsentUsage,
    Customer,
    LedgerAction,
    Product,
    StripeObject,
    Terms,
)

USAGES = {
    ConsentUsage.ONE_TIME: "One later payment.",
    ConsentUsage.RECURRING: "A series of payments at an interval.",
    ConsentUsage.UNSCHEDULED: "Payments that the merchant starts when something is owed, at no fixed interval.",
}
CHANNELS = {
    ConsentChannel.WEB: "on a website",
    ConsentChannel.MOBILE_APP: "in a mobile app",
    ConsentChannel.EMAIL: "by e-mail",
    ConsentChannel.PHONE: "by telephone",
    ConsentChannel.IN_PERSON: "in person",
    ConsentChannel.OTHER: "in another way",
}
REMOVED = "removed at the customer's request"
PROOF = (
    "Each record of this customer's consents carries a digest: SHA-256 of the record's text (below, but for the page's "
    "line breaks), followed by the digest of the record before it. Nobody can change a record, or leave one out, "
    "without changing every digest after it. Personal values are in the record only as fingerprints: SHA-256 of a "
    "secret salt and the value."
)
ANCHORED = "Stripe was given the digest in the metadata of what rests on this consent."


@dataclass(frozen=True)
class Evidence:
    """Everything that the receipt tells of, as it is in the database."""

    consent: Consent
    customer: Customer
    terms: Terms
    scope: Scope
    products: dict[UUID, str]
    record: ConsentRecord
    revocation: ConsentRecord | None
    latest: ConsentRecord
    anchors: list[tuple[str, str]]


async def render(session: AsyncSession, consent_id: UUID, now: datetime) -> bytes:
    """The agreement as a PDF: who agreed to which text, when, from where, how far it goes, and what proves it.

    The same bytes for the same state, so that a hash of it can be promised. Raises NoResultFound for an unknown one.
    """
    evidence = await _gather(session, consent_id)
    # Half a second of computing, in which the event loop has other things to do.
    return await asyncio.to_thread(paper.print_document, _compose(evidence, now))


async def _gather(session: AsyncSession, consent_id: UUID) -> Evidence:
    consent = await session.get_one(Consent, consent_id)
    chain = await ledger.list_records(session, consent.customer_id)
    records = {each.action: each for each in chain if each.consent_id == consent.id}
    customer = await session.get_one(Customer, consent.customer_id)
    allowed = await scopes.of(session, consent)
    named = select(Product).where(col(Product.id).in_(allowed.product_ids or ()))
    granted = records[LedgerAction.GRANTED]
    return Evidence(
        consent=consent,
        customer=customer,
        terms=await session.get_one(Terms, consent.terms_id),
        scope=allowed,
        products={each.id: each.name for each in (await session.exec(named)).all()},
        record=granted,
        revocation=records.get(LedgerAction.REVOKED),
        latest=max(records.values(), key=lambda each: each.sequence),
        anchors=await _anchors(session, customer, granted.digest),
    )


async def _anchors(session: AsyncSession, customer: Customer, digest: str) -> list[tuple[str, str]]:
    """Objects at Stripe, as last seen, that carry the digest."""
    carried = col(StripeObject.data)["metadata"]["assent_consent_digest"].as_string()
    statement = select(StripeObject.type, StripeObject.stripe_id).where(
        StripeObject.customer_stripe_id == customer.stripe_id, carried == digest
    )
    return list((await session.exec(statement.order_by(col(StripeObject.stripe_id)))).all())


def _compose(evidence: Evidence, now: datetime) -> paper.Document:
    consent, terms, record = evidence.consent, evidence.terms, evidence.record
    return paper.Document(
        title=terms.title,
        subtitle=f"Record of consent, {_instant(consent.created_at)}",
        stamp=_stamp(consent, now),
        created_at=evidence.latest.created_at,
        footer=f"Consent {consent.id}",
        sections=(
            paper.Section("Who agreed, when, and how", rows=_who(evidence)),
            paper.Section("What the customer allowed", rows=_allowed(evidence)),
            paper.Section("The text that was agreed to", rows=_text(terms), body=terms.body),
            paper.Section("What proves it", PROOF, rows=_proof(evidence), code=ledger.canonical(record.payload)),
        ),
    )


def _stamp(consent: Consent, now: datetime) -> paper.Stamp:
    standing = status(consent, now)
    if standing == ConsentStatus.REVOKED and consent.revoked_at:
        return paper.Stamp("REVOKED", _instant(consent.revoked_at), paper.RED)
    if standing == ConsentStatus.EXPIRED and consent.expires_at:
        return paper.Stamp("EXPIRED", _instant(consent.expires_at), paper.RED)
    if standing == ConsentStatus.SUPERSEDED:
        return paper.Stamp("SUPERSEDED", "by a newer consent", paper.GREY)
    return paper.Stamp("ACTIVE", "neither revoked nor expired", paper.GREEN)


def _who(evidence: Evidence) -> tuple[paper.Row, ...]:
    consent, customer = evidence.consent, evidence.customer
    known = ", ".join(each for each in (customer.name, customer.email) if each)
    recorder = "the customer" if consent.observed else f"the merchant ({consent.recorded_by})"
    rows = [
        ("Customer", known or (REMOVED if customer.redacted_at else "no name is known")),
        ("Customer's number", f"{customer.external_id} at the merchant, {customer.stripe_id} at Stripe"),
        ("Agreed on", _instant(consent.created_at)),
        ("Where", CHANNELS[ConsentChannel(consent.channel)]),
        ("Recorded by", recorder),
        ("Address", _personal(evidence, "ip_address", consent.ip_address)),
        ("Device", _personal(evidence, "user_agent", consent.user_agent)),
    ]
    if consent.locale:
        rows.append(("Language of the page", consent.locale))
    if consent.revoked_at:
        rows.append(("Revoked on", _instant(consent.revoked_at)))
    if consent.revocation_reason:
        rows.append(("Reason given", consent.revocation_reason))
    return tuple(rows)


def _personal(evidence: Evidence, name: str, value: str | None) -> str:
    if value is None:
        recorded = name in evidence.record.payload["commitments"]
        return f"{REMOVED}; its fingerprint remains in the record below" if recorded else "not recorded"
    return f"{value} ({'seen by Assent itself' if evidence.consent.observed else 'reported by the merchant'})"


def _allowed(evidence: Evidence) -> tuple[paper.Row, ...]:
    scope = evidence.scope
    rows = [("Kind", USAGES[ConsentUsage(scope.usage)])]
    if scope.interval_unit and scope.interval_count:
        every = _interval(scope.interval_unit, scope.interval_count)
        rows.append(("How often", f"At most one scheduled payment every {every}."))
    rows.append(("Each payment", _limit(scope.maximum_amount, scope.currency)))
    rows.append(("Each calendar month", _limit(scope.monthly_maximum, scope.currency)))
    if scope.currency and scope.maximum_amount is None and scope.monthly_maximum is None:
        rows.append(("Currency", scope.currency))
    names = [evidence.products.get(each, str(each)) for each in scope.product_ids or ()]
    rows.append(("For", ", ".join(names) or "Any product of the merchant."))
    if scope.usage == ConsentUsage.RECURRING:
        rows.append(("Subscriptions", f"At most {scope.maximum_subscriptions} at the same time."))
    ends = evidence.consent.expires_at
    rows.append(("Ends", _instant(ends) if ends else "When the customer revokes it."))
    return tuple(rows)


def _interval(unit: str, count: int) -> str:
    return unit if count == 1 else f"{count} {unit}s"


def _limit(amount: int | None, currency: str | None) -> str:
    """As a person writes it: 1,500.00 USD."""
    if amount is None or currency is None:
        return "No maximum was agreed."
    whole, _, cents = Money(amount, currency).decimal.partition(".")
    return f"At most {int(whole):,}{'.' + cents if cents else ''} {currency}."


def _text(terms: Terms) -> tuple[paper.Row, ...]:
    published = f"{terms.slug}, {terms.locale}, version {terms.version}, published {_instant(terms.created_at)}"
    return (("Terms", published), ("SHA-256 of the text", terms.sha256))


def _proof(evidence: Evidence) -> tuple[paper.Row, ...]:
    record = evidence.record
    rows = [
        ("Record", f"number {record.sequence} of this customer"),
        ("Digest", record.digest),
        ("Digest before it", record.previous_digest or "none: it is the first record"),
    ]
    if evidence.revocation:
        rows.append(("Its revocation", f"number {evidence.revocation.sequence}"))
        rows.append(("Digest of that", evidence.revocation.digest))
    if evidence.anchors:
        objects = ", ".join(f"{stripe_id} ({kind.replace('_', ' ')})" for kind, stripe_id in evidence.anchors)
        rows.append(("At Stripe", f"{objects}. {ANCHORED}"))
    return tuple(rows)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %B %Y, %H:%M:%S} UTC"
