"""What a receipt says, section by section."""

from datetime import datetime

from billing.consents import ledger, paper
from billing.consents.charges import Charge
from billing.consents.receipt.gathering import Evidence
from billing.consents.receipt.words import CHANNELS, USAGES, day, instant, interval, money, outcome, refunded
from billing.tables import ConsentChannel, ConsentUsage, LedgerAction, Terms

REMOVED = "removed at the customer's request"
PROOF = (
    "Each record of this customer's consents carries a digest: SHA-256 of the record's text (below, but for the page's "
    "line breaks), followed by the digest of the record before it. Nobody can change a record, or leave one out, "
    "without changing every digest after it. Personal values are in the record only as fingerprints: SHA-256 of a "
    "secret salt and the value. To check it: the SHA-256 of the text that was agreed to is the one in the record; that "
    "of the record's text and the digest before it, written one after the other, is the digest; and what is named here "
    "has that digest in its metadata at Stripe, which was told of it on the day that Stripe's own log shows."
)
ANCHORED = "Stripe was given the digest in the metadata of what rests on this consent."
CHARGED = "Payments that rest on this consent, as Stripe told of them, those that came to nothing included."
# A document of hundreds of pages is read by nobody; the newest are the ones in question.
MOST_CHARGES = 120


def who(evidence: Evidence) -> paper.Section:
    """The parties, and how the agreement was given."""
    consent, customer = evidence.consent, evidence.customer
    known = ", ".join(each for each in (customer.name, customer.email) if each)
    recorder = "the customer" if consent.observed else f"the merchant ({consent.recorded_by})"
    rows = [
        ("Customer", known or (REMOVED if customer.redacted_at else "no name is known")),
        ("Customer's number", f"{customer.external_id} at the merchant, {customer.stripe_id} at Stripe"),
        ("Merchant", f"account {evidence.account} at Stripe" if evidence.account else "as the text below names it"),
        ("Agreed on", instant(consent.created_at)),
        ("Where", CHANNELS[ConsentChannel(consent.channel)]),
        ("Recorded by", recorder),
        ("Address", _personal(evidence, "ip_address", consent.ip_address)),
        ("Device", _personal(evidence, "user_agent", consent.user_agent)),
    ]
    if consent.locale:
        rows.append(("Language of the page", consent.locale))
    return paper.Section("Who agreed, when, and how", rows=tuple(rows))


def _personal(evidence: Evidence, name: str, value: str | None) -> str:
    if value is None:
        recorded = name in evidence.grant.payload["commitments"]
        return f"{REMOVED}; its fingerprint remains in the record below" if recorded else "not recorded"
    return f"{value} ({'seen by Assent itself' if evidence.consent.observed else 'reported by the merchant'})"


def allowed(evidence: Evidence) -> paper.Section:
    """The scope, in plain words."""
    scope = evidence.scope
    rows = [("Kind", USAGES[ConsentUsage(scope.usage)])]
    if scope.interval_unit and scope.interval_count:
        every = interval(scope.interval_unit, scope.interval_count)
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
    rows.append(("Ends", instant(ends) if ends else "When the customer revokes it."))
    return paper.Section("What the customer allowed", rows=tuple(rows))


def _limit(amount: int | None, currency: str | None) -> str:
    if amount is None or currency is None:
        return "No maximum was agreed."
    return f"At most {money(amount, currency)}."


def text(terms: Terms) -> paper.Section:
    """The text, every character of it, and above it what each of its clauses is about."""
    published = f"{terms.slug}, {terms.locale}, version {terms.version}, published {instant(terms.created_at)}"
    rows = [("Terms", published), ("SHA-256 of the text", terms.sha256)]
    introduction = (
        "It says, in this order: what the merchant may charge; when, and how often; how the amount is determined"
        f"{'; how to cancel' if terms.cancellation_policy else ''}."
    )
    return paper.Section("The text that was agreed to", introduction, rows=tuple(rows), body=terms.body)


def since(evidence: Evidence, now: datetime) -> paper.Section | None:
    """What has become of it; None where nothing has."""
    consent, rows = evidence.consent, list[tuple[datetime, str, str]]()
    if revoked := evidence.records.get(LedgerAction.REVOKED):
        reason = consent.revocation_reason
        by = "the customer" if revoked.payload.get("revoked_by") == "CUSTOMER" else "the merchant for the customer"
        said = f"Revoked by {by}{f', who said: {reason}' if reason else ''}. Record {revoked.sequence},"
        rows.append((revoked.created_at, said, revoked.digest))
    if after := evidence.successor:
        said = f"A newer consent, {after.consent_id}, took its place. Record {after.sequence},"
        rows.append((after.created_at, said, after.digest))
    if redacted := evidence.records.get(LedgerAction.REDACTED):
        said = f"Personal values were removed, as the customer had asked. Record {redacted.sequence},"
        rows.append((redacted.created_at, said, redacted.digest))
    if consent.expires_at and consent.expires_at <= now:
        rows.append((consent.expires_at, "It expired, as was agreed,", ""))
    if not rows:
        return None
    said_of_each = ((day(at), f"{what} {instant(at)}.", digest) for at, what, digest in sorted(rows))
    listed = [row for at, what, digest in said_of_each for row in ((at, what), ("Digest of that", digest)) if row[1]]
    return paper.Section("What has happened since", rows=tuple(listed))


def charged(evidence: Evidence) -> paper.Section | None:
    """The payments under it; None where there are none."""
    charges = evidence.charges[-MOST_CHARGES:]
    if not charges:
        return None
    left_out = len(evidence.charges) - len(charges)
    more = f" The {left_out} payments before these are left out." if left_out else ""
    rows = tuple((day(each.payment.created_at), _charge(each)) for each in charges)
    return paper.Section("What was charged under it", CHARGED + more, rows=rows)


def _charge(charge: Charge) -> str:
    payment, invoice = charge.payment, charge.invoice
    what = f"invoice {invoice.number or invoice.stripe_id}" if invoice else payment.description or "a payment"
    said = [f"{money(payment.amount, payment.currency)} {outcome(payment.status)}, for {what}"]
    said += [
        f"{money(each.amount, each.currency)} {refunded(each.status)} {day(each.created_at)}" for each in charge.refunds
    ]
    said += [f"{money(each.amount, each.currency)} disputed on {day(each.created_at)}" for each in charge.disputes]
    return f"{'; '.join(said)} ({payment.stripe_id}, {instant(payment.created_at)})."


def proof(evidence: Evidence) -> paper.Section:
    """The record, its digest, and where else that is."""
    record = evidence.grant
    rows = [
        ("Record", f"number {record.sequence} of this customer"),
        ("Digest", record.digest),
        ("Digest before it", record.previous_digest or "none: it is the first record"),
    ]
    if evidence.anchors:
        objects = ", ".join(f"{stripe_id} ({kind.replace('_', ' ')})" for kind, stripe_id in evidence.anchors)
        rows.append(("At Stripe", f"{objects}. {ANCHORED}"))
    return paper.Section("What proves it", PROOF, rows=tuple(rows), code=ledger.canonical(record.payload))
