"""What is known of a disputed payment, in the fields in which Stripe takes it (STRIPE.md 6.3)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from billing.consents.charges import Charge
from billing.consents.receipt.words import CHANNELS, day, instant, money, outcome
from billing.disputes.gathering import Agreement, Known
from billing.tables import ConsentChannel

# Stripe's own limits, in characters: of one long text, and of all texts together
# (https://docs.stripe.com/api/disputes/update#update_dispute-evidence).
LONGEST, LONGEST_TOGETHER = 20_000, 150_000
CUT = "\n[cut here; the whole is in the agreement, which is attached]"

# The reason for which Stripe asks what tells the payment from another one.
DUPLICATE = "duplicate"


def compose(known: Known) -> dict[str, str]:
    """The texts, each within its limit and all within theirs together; what is not known is left out."""
    texts: dict[str, str] = {}
    left = LONGEST_TOGETHER
    for field, write in FIELDS.items():
        text = _cut(write(known) or "", min(LONGEST, left))
        if text:
            texts[field] = text
            left -= len(text)
    return texts


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return text[: longest - len(CUT)] + CUT if longest > len(CUT) else ""


def _address(known: Known) -> str | None:
    parts = ("line1", "line2", "postal_code", "city", "state", "country")
    return "\n".join(each for part in parts if (each := known.address.get(part)))


def _purchase_ip(known: Known) -> str | None:
    return known.agreement.consent.ip_address if known.agreement else None


def _product(known: Known) -> str | None:
    sold = [f"{each.name}: {each.description}" if each.description else each.name for each in known.products]
    billed = [each.description for each in known.lines if each.description]
    said = [*sold, *(f"Billed as: {each}" for each in billed)] or [known.payment.description or ""]
    return "\n".join(said)


def _service_date(known: Known) -> str | None:
    periods = [(each.period_start, each.period_end) for each in known.lines if each.period_end > each.period_start]
    if not periods:
        return day(known.payment.created_at)
    return f"{day(min(start for start, _ in periods))} to {day(max(end for _, end in periods))}"


def _activity(known: Known) -> str | None:
    """What the customer did, when, and from where, as far as it is recorded."""
    if known.agreement is None:
        return None
    consent = known.agreement.consent
    source = "seen by the billing system itself" if consent.observed else "reported by the merchant's server"
    where = ", ".join(
        f"{name} {value}" for name, value in (("IP", consent.ip_address), ("device", consent.user_agent)) if value
    )
    lines = [f"{instant(consent.created_at)}: agreed to the terms{f' ({where}; {source})' if where else ''}."]
    if consent.revoked_at:
        lines.append(f"{instant(consent.revoked_at)}: took the agreement back.")
    return "\n".join(lines)


def _policy_disclosure(known: Known) -> str | None:
    """How and when the cancellation policy was shown."""
    if known.agreement is None or not known.agreement.terms.cancellation_policy:
        return None
    consent, terms = known.agreement.consent, known.agreement.terms
    return (
        f"The customer was shown this policy {CHANNELS[ConsentChannel(consent.channel)]}, as part of the terms "
        f'"{terms.title}" (version {terms.version}, {terms.locale}), and agreed to them on '
        f"{instant(consent.created_at)}, before anything was charged. The whole text is in the attached agreement.\n\n"
        f"{terms.cancellation_policy}"
    )


def _rebuttal(known: Known) -> str | None:
    """Whether it was canceled before this payment."""
    subscription = known.subscription
    if subscription is None:
        return None
    paid, asked = known.payment.created_at, subscription.canceled_at
    revoked = known.agreement.consent.revoked_at if known.agreement else None
    first = min((each for each in (asked, revoked) if each is not None), default=None)
    if first is None:
        return f"No cancellation had been asked for when this was charged, on {instant(paid)}, nor has one been since."
    if first >= paid:
        return f"The cancellation was asked for on {instant(first)}, after this was charged, on {instant(paid)}."
    if known.lines and min(each.period_start for each in known.lines) <= first:
        return (
            f"The cancellation was asked for on {instant(first)}; this payment is for a period that had begun before: "
            f"{_service_date(known)}."
        )
    return None


def _duplicate_of(known: Known) -> Charge | None:
    """The payment before this one of the same amount, where the customer takes the two for one."""
    if known.dispute.reason != DUPLICATE or known.agreement is None:
        return None
    same = [
        each
        for each in known.agreement.charges
        if each.payment.created_at < known.payment.created_at
        and each.payment.status == "succeeded"
        and (each.payment.amount, each.payment.currency) == (known.payment.amount, known.payment.currency)
        and each.payment.stripe_id in known.charge_ids
    ]
    return same[-1] if same else None


def _duplicate_id(known: Known) -> str | None:
    other = _duplicate_of(known)
    return known.charge_ids[other.payment.stripe_id] if other else None


def _duplicate_explanation(known: Known) -> str | None:
    other = _duplicate_of(known)
    if other is None or known.invoice is None or other.invoice is None:
        return None
    return (
        f"These are two payments of a series. The earlier one, of {day(other.payment.created_at)}, paid invoice "
        f"{other.invoice.number or other.invoice.stripe_id}; the disputed one, of {day(known.payment.created_at)}, "
        f"paid invoice {known.invoice.number or known.invoice.stripe_id}, for {_service_date(known)}."
    )


def _refund_refusal(known: Known) -> str | None:
    """What was given back of the payment already."""
    mine = [each for each in _charges(known) if each.payment.id == known.payment.id]
    given = [refund for each in mine for refund in each.refunds if refund.status == "succeeded"]
    if not given:
        return None
    listed = "; ".join(f"{money(each.amount, each.currency)} on {day(each.created_at)}" for each in given)
    return f"Of this payment was refunded: {listed}."


def _charges(known: Known) -> list[Charge]:
    return known.agreement.charges if known.agreement else []


def _timeline(known: Known) -> str | None:
    """Everything in the order in which it happened, and what proves it."""
    told = [*_agreement_told(known.agreement), *_subscription_told(known), *map(_charge_told, _charges(known))]
    lines = [f"{instant(at)}: {what}" for at, what in sorted(told, key=lambda each: each[0])]
    return "\n".join([*lines, *_proven(known.agreement)])


def _agreement_told(agreement: Agreement | None) -> Iterator[tuple[datetime, str]]:
    if agreement is None:
        return
    consent, terms = agreement.consent, agreement.terms
    yield consent.created_at, f'agreed to "{terms.title}", version {terms.version}. {terms.permission}'
    if consent.revoked_at:
        yield consent.revoked_at, "took the agreement back."


def _subscription_told(known: Known) -> Iterator[tuple[datetime, str]]:
    subscription = known.subscription
    if subscription is None:
        return
    yield subscription.created_at, f"the subscription {subscription.stripe_id} began."
    if subscription.canceled_at:
        yield subscription.canceled_at, "its cancellation was asked for."
    if subscription.ended_at:
        yield subscription.ended_at, "it ended."


def _charge_told(charge: Charge) -> tuple[datetime, str]:
    payment, invoice = charge.payment, charge.invoice
    what = f"invoice {invoice.number or invoice.stripe_id}" if invoice else payment.description or "a payment"
    said = f"{money(payment.amount, payment.currency)} {outcome(payment.status)}, for {what} ({payment.stripe_id})."
    return payment.created_at, said


def _proven(agreement: Agreement | None) -> Iterator[str]:
    if agreement is None:
        return
    yield (
        f"\nThe agreement is record {agreement.grant.sequence} in a chain of records, each of which carries a SHA-256 "
        f"digest of itself and of the one before. The digest of this one is {agreement.grant.digest}; the text of the "
        f"terms has the SHA-256 {agreement.consent.terms_sha256}. The attached document says how to check both."
    )


# In the order of importance: where the texts together are too long, the last ones are cut.
FIELDS: Mapping[str, Callable[[Known], str | None]] = {
    "customer_name": lambda known: known.customer.name,
    "customer_email_address": lambda known: known.customer.email,
    "billing_address": _address,
    "customer_purchase_ip": _purchase_ip,
    "product_description": _product,
    "service_date": _service_date,
    "cancellation_policy_disclosure": _policy_disclosure,
    "cancellation_rebuttal": _rebuttal,
    "duplicate_charge_id": _duplicate_id,
    "duplicate_charge_explanation": _duplicate_explanation,
    "refund_refusal_explanation": _refund_refusal,
    "access_activity_log": _activity,
    "uncategorized_text": _timeline,
}
