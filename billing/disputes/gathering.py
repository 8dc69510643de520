"""Everything that is known of a disputed payment."""

from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.consents import ledger
from billing.consents.charges import Charge, charges_under
from billing.mirror.fields import nested
from billing.tables import (
    Consent,
    ConsentRecord,
    Customer,
    Dispute,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    LedgerAction,
    Payment,
    Price,
    Product,
    StripeObject,
    Subscription,
    SubscriptionItem,
    Terms,
)


@dataclass(frozen=True)
class Agreement:
    """What the customer agreed to; `grant` is the record of it, `charges` all that was charged under it."""

    consent: Consent
    terms: Terms
    grant: ConsentRecord
    charges: list[Charge]


@dataclass(frozen=True)
class Known:
    """The dispute, and what stands behind it. `address` is Stripe's own, as JSON."""

    dispute: Dispute
    payment: Payment
    customer: Customer
    invoice: Invoice | None
    lines: list[InvoiceLine]
    subscription: Subscription | None
    products: list[Product]
    agreement: Agreement | None
    address: dict[str, str | None]
    charge_ids: dict[str, str]
    """The charge at Stripe of each payment, by the payment's id there."""


async def gather(session: AsyncSession, dispute: Dispute) -> Known:
    """Reads it all. Raises NoResultFound where the disputed payment is not there."""
    payment = (await session.exec(select(Payment).where(Payment.stripe_id == dispute.payment_stripe_id))).one()
    invoice = await _invoice(session, payment)
    subscription = await _subscription(session, invoice)
    agreement = await _agreement(session, payment, subscription)
    charged = [each.payment for each in agreement.charges] if agreement else []
    return Known(
        dispute=dispute,
        payment=payment,
        customer=await session.get_one(Customer, dispute.customer_id),
        invoice=invoice,
        lines=await _lines(session, invoice),
        subscription=subscription,
        products=await _products(session, subscription),
        agreement=agreement,
        address=await _address(session, payment),
        charge_ids=await _charge_ids(session, [payment, *charged]),
    )


async def _invoice(session: AsyncSession, payment: Payment) -> Invoice | None:
    statement = (
        select(Invoice)
        .join(InvoicePayment, col(InvoicePayment.invoice_stripe_id) == Invoice.stripe_id)
        .where(InvoicePayment.payment_intent_stripe_id == payment.stripe_id)
        .order_by(col(InvoicePayment.is_default).desc(), col(InvoicePayment.id))
    )
    return (await session.exec(statement)).first()


async def _lines(session: AsyncSession, invoice: Invoice | None) -> list[InvoiceLine]:
    if invoice is None:
        return []
    lines = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).order_by(col(InvoiceLine.position))
    return list((await session.exec(lines)).all())


async def _subscription(session: AsyncSession, invoice: Invoice | None) -> Subscription | None:
    if invoice is None or invoice.subscription_stripe_id is None:
        return None
    billed = select(Subscription).where(Subscription.stripe_id == invoice.subscription_stripe_id)
    return (await session.exec(billed)).first()


async def _products(session: AsyncSession, subscription: Subscription | None) -> list[Product]:
    if subscription is None:
        return []
    sold = (
        select(Product)
        .join(Price, col(Price.product_id) == Product.id)
        .join(SubscriptionItem, col(SubscriptionItem.price_stripe_id) == Price.stripe_id)
        .where(SubscriptionItem.subscription_id == subscription.id)
        .order_by(col(Product.name), col(Product.id))
        .distinct()
    )
    return list((await session.exec(sold)).all())


async def _agreement(session: AsyncSession, payment: Payment, subscription: Subscription | None) -> Agreement | None:
    consent_id = payment.consent_id or (subscription.consent_id if subscription else None)
    if consent_id is None:
        return None
    consent = await session.get_one(Consent, consent_id)
    records = await ledger.list_records(session, consent.customer_id)
    granted = (each for each in records if each.consent_id == consent.id and each.action == LedgerAction.GRANTED)
    terms = await session.get_one(Terms, consent.terms_id)
    return Agreement(consent, terms, next(granted), await charges_under(session, consent.id))


async def _address(session: AsyncSession, payment: Payment) -> dict[str, str | None]:
    """Of the payment method, else of the customer."""
    method = await session.get(StripeObject, payment.payment_method_stripe_id or "")
    customer = await session.get_one(Customer, payment.customer_id)
    stored = await session.get(StripeObject, customer.stripe_id)
    found = nested(method.data, "billing_details", "address") if method else None
    found = found if any((found or {}).values()) else nested(stored.data, "address") if stored else None
    return dict(found or {})


async def _charge_ids(session: AsyncSession, payments: list[Payment]) -> dict[str, str]:
    wanted = select(StripeObject).where(col(StripeObject.stripe_id).in_([each.stripe_id for each in payments]))
    found = (await session.exec(wanted)).all()
    return {each.stripe_id: charge for each in found if (charge := each.data.get("latest_charge"))}
