"""Rows for tests, each complete; a test names only what matters to it.

A customer's ids and texts all carry the customer's mark, so that a test can look for what must not be seen.
"""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import tables
from billing.terms import sha256

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
"""When everything was made, unless it says otherwise: far from any month's end."""

_numbers = count(1)

R = TypeVar("R", bound=tables.Row)


def unique() -> str:
    """A text that no other row has."""
    return f"x{next(_numbers):06}"


async def add(session: AsyncSession, table: type[R], values: dict[str, Any], changes: dict[str, Any]) -> R:
    """A row with the values as changed, stored."""
    row = table(**({"created_at": NOW} | values | changes))
    session.add(row)
    await session.flush()
    return row


async def create_customer(session: AsyncSession, **changes: Any) -> tables.Customer:
    """A customer."""
    mark = unique()
    values = {"external_id": f"user-{mark}", "stripe_id": f"cus_{mark}", "email": f"{mark}@example.com", "name": mark}
    return await add(session, tables.Customer, values, changes)


async def create_terms(session: AsyncSession, **changes: Any) -> tables.Terms:
    """Recurring terms, version 1."""
    values = {
        "slug": unique(),
        "locale": "en",
        "version": 1,
        "title": "Membership",
        "permission": "You allow us to charge you for the membership.",
        "timing": "Once a month, on the day you joined.",
        "amount_determination": "The price of your plan.",
        "cancellation_policy": "Cancel whenever you like.",
        "usage": "RECURRING",
        "body": "# Membership\n",
        "sha256": sha256("# Membership\n"),
    }
    return await add(session, tables.Terms, values, changes)


async def create_consent(
    session: AsyncSession, customer: tables.Customer, terms: tables.Terms | None = None, **changes: Any
) -> tables.Consent:
    """An active, recurring consent."""
    terms = terms or await create_terms(session)
    values = {
        "customer_id": customer.id,
        "terms_id": terms.id,
        "terms_sha256": terms.sha256,
        "usage": "RECURRING",
        "interval_unit": "month",
        "interval_count": 1,
        "currency": "USD",
        "maximum_amount": 2500,
        "channel": "WEB",
        "recorded_by": "CUSTOMER",
        "observed": True,
    }
    return await add(session, tables.Consent, values, changes)


async def create_record(session: AsyncSession, consent: tables.Consent, **changes: Any) -> tables.ConsentRecord:
    """A record of the ledger, which proves nothing."""
    values = {
        "customer_id": consent.customer_id,
        "consent_id": consent.id,
        "sequence": 1,
        "action": "GRANTED",
        "payload": {},
        "digest": unique(),
    }
    return await add(session, tables.ConsentRecord, values, changes)


async def create_payment_method(
    session: AsyncSession, customer: tables.Customer, **changes: Any
) -> tables.PaymentMethod:
    """A card."""
    card = {"stripe_type": "card", "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030}
    values = {"stripe_id": f"pm_{unique()}", "customer_id": customer.id, **card}
    return await add(session, tables.PaymentMethod, values, changes)


async def create_mandate(session: AsyncSession, method: tables.PaymentMethod, **changes: Any) -> tables.Mandate:
    """An active mandate."""
    values = {"stripe_id": f"mandate_{unique()}", "payment_method_stripe_id": method.stripe_id, "status": "active"}
    return await add(session, tables.Mandate, values, changes)


async def create_setup_intent(session: AsyncSession, customer: tables.Customer, **changes: Any) -> tables.SetupIntent:
    """A SetupIntent that nothing was tried with."""
    values = {"stripe_id": f"seti_{unique()}", "customer_id": customer.id, "status": "requires_payment_method"}
    return await add(session, tables.SetupIntent, values, changes)


async def create_setup_session(
    session: AsyncSession, customer: tables.Customer, consent: tables.Consent, **changes: Any
) -> tables.SetupSession:
    """An open setup session."""
    mark = unique()
    values = {
        "stripe_id": f"cs_{mark}",
        "customer_id": customer.id,
        "consent_id": consent.id,
        "status": "open",
        "url": f"https://checkout.example/{mark}",
        "offered_types": ["card", "amazon_pay"],
        "expires_at": NOW + timedelta(hours=24),
    }
    return await add(session, tables.SetupSession, values, changes)


async def create_product(session: AsyncSession, **changes: Any) -> tables.Product:
    """A product."""
    values = {"stripe_id": f"prod_{unique()}", "name": "Membership"}
    return await add(session, tables.Product, values, changes)


async def create_price(session: AsyncSession, product: tables.Product | None = None, **changes: Any) -> tables.Price:
    """15 USD a month."""
    product = product or await create_product(session)
    values = {
        "stripe_id": f"price_{unique()}",
        "product_id": product.id,
        "currency": "USD",
        "unit_amount": 1500,
        "interval_unit": "month",
        "interval_count": 1,
    }
    return await add(session, tables.Price, values, changes)


async def create_subscription(session: AsyncSession, customer: tables.Customer, **changes: Any) -> tables.Subscription:
    """An active subscription that Assent does not manage."""
    period = {"current_period_start": NOW, "current_period_end": NOW + timedelta(days=30)}
    values = {"stripe_id": f"sub_{unique()}", "customer_id": customer.id, "status": "active", **period}
    return await add(session, tables.Subscription, values, changes)


async def create_hold(session: AsyncSession, subscription: tables.Subscription, **changes: Any) -> tables.Hold:
    """A subscription whose collection is stopped; of an invoice where `invoice_stripe_id` says so."""
    values = {
        "subscription_id": subscription.id,
        "customer_id": subscription.customer_id,
        "reason": "CONSENT_REQUIRED",
        "message": "A new consent is needed.",
    }
    return await add(session, tables.Hold, values, changes)


async def create_subscription_item(
    session: AsyncSession, subscription: tables.Subscription, price: tables.Price, **changes: Any
) -> tables.SubscriptionItem:
    """One of the price."""
    values = {
        "stripe_id": f"si_{unique()}",
        "subscription_id": subscription.id,
        "price_stripe_id": price.stripe_id,
        "quantity": 1,
        "current_period_start": NOW,
        "current_period_end": NOW + timedelta(days=30),
    }
    return await add(session, tables.SubscriptionItem, values, changes)


async def create_invoice(session: AsyncSession, customer: tables.Customer, **changes: Any) -> tables.Invoice:
    """A paid invoice over 15 USD."""
    mark = unique()
    amounts = {"currency": "USD", "subtotal": 1500, "total": 1500, "amount_due": 1500, "amount_paid": 1500}
    values = {"stripe_id": f"in_{mark}", "customer_id": customer.id, "status": "paid", "number": mark, **amounts}
    return await add(session, tables.Invoice, values, changes)


async def create_invoice_line(session: AsyncSession, invoice: tables.Invoice, **changes: Any) -> tables.InvoiceLine:
    """Its only line."""
    values = {
        "stripe_id": f"il_{unique()}",
        "invoice_id": invoice.id,
        "position": 0,
        "description": "1 x Membership",
        "amount": invoice.subtotal,
        "currency": invoice.currency,
        "quantity": 1,
        "period_start": NOW,
        "period_end": NOW + timedelta(days=30),
    }
    return await add(session, tables.InvoiceLine, values, changes)


async def create_payment(session: AsyncSession, customer: tables.Customer, **changes: Any) -> tables.Payment:
    """A payment of 15 USD that succeeded."""
    amount = {"amount": 1500, "currency": "USD"}
    values = {"stripe_id": f"pi_{unique()}", "customer_id": customer.id, "status": "succeeded", **amount}
    return await add(session, tables.Payment, values, changes)


async def create_invoice_payment(
    session: AsyncSession, invoice: tables.Invoice, payment: tables.Payment, **changes: Any
) -> tables.InvoicePayment:
    """The tie between them."""
    values = {
        "stripe_id": f"inpay_{unique()}",
        "invoice_stripe_id": invoice.stripe_id,
        "payment_intent_stripe_id": payment.stripe_id,
        "is_default": True,
        "status": "paid",
    }
    return await add(session, tables.InvoicePayment, values, changes)


async def create_stripe_event(session: AsyncSession, **changes: Any) -> tables.StripeEvent:
    """An event that was applied."""
    values = {
        "stripe_id": f"evt_{unique()}",
        "type": "invoice.paid",
        "object_stripe_id": "in_1",
        "payload": "{}",
        "status": "APPLIED",
        "attempts": 1,
        "received_at": NOW,
        "applied_at": NOW,
        "due_at": NOW,
    }
    return await add(session, tables.StripeEvent, values, changes)
