"""Rows for the tests of terms and consents; a test names only what matters to it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import consents, terms
from billing.callers import CUSTOMER, Caller
from billing.consents import Amount, Granted, ScopeInput
from billing.tables import (
    Consent,
    Customer,
    Invoice,
    KeyScope,
    Operation,
    Price,
    Product,
    SetupSession,
    StripeObject,
    Subscription,
    SubscriptionItem,
    Terms,
    new_id,
)

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
KEY = Caller("shop", KeyScope.ADMIN)


def customer_caller(customer: Customer, **changes: Any) -> Caller:
    seen: dict[str, Any] = {"ip_address": "203.0.113.7", "user_agent": "Firefox/130"}
    return Caller(CUSTOMER, customer_id=customer.id, **{**seen, **changes})


def stripe_id(prefix: str) -> str:
    return f"{prefix}_{new_id().hex}"


async def make_customer(session: AsyncSession, **changes: Any) -> Customer:
    values: dict[str, Any] = {"external_id": new_id().hex, "stripe_id": stripe_id("cus"), "email": "ada@example.com"}
    made = Customer(created_at=NOW, **{**values, **changes})
    session.add(made)
    await session.flush()
    return made


async def make_product(session: AsyncSession) -> Product:
    made = Product(created_at=NOW, stripe_id=stripe_id("prod"), name="Pro")
    session.add(made)
    await session.flush()
    return made


async def make_price(session: AsyncSession, product: Product | None = None, **changes: Any) -> Price:
    product = product or await make_product(session)
    values: dict[str, Any] = {
        "currency": "USD",
        "unit_amount": 1500,
        "interval_unit": "month",
        "interval_count": 1,
        **changes,
    }
    made = Price(created_at=NOW, stripe_id=stripe_id("price"), product_id=product.id, **values)
    session.add(made)
    await session.flush()
    return made


async def publish(session: AsyncSession, **changes: Any) -> Terms:
    values: dict[str, Any] = {
        "slug": "membership",
        "locale": "en",
        "title": "Membership",
        "usage": "RECURRING",
        "permission": "You allow Example Ltd to charge your saved payment method.",
        "timing": "Once a month, on the day on which you joined.",
        "amount_determination": "The price of your plan, at most the maximum shown.",
        "cancellation_policy": "Cancel at any time; you are not charged again.",
        "now": NOW,
        **changes,
    }
    return await terms.publish(session, KEY, **values)


def monthly(**changes: Any) -> ScopeInput:
    values: dict[str, Any] = {
        "usage": "RECURRING",
        "interval_unit": "month",
        "interval_count": 1,
        "currency": "USD",
        "maximum_amount": dollars("20.00"),
    }
    return ScopeInput(**{**values, **changes})


def dollars(amount: str) -> Amount:
    return Amount(Decimal(amount), "USD")


async def grant(session: AsyncSession, customer: Customer, agreed: Terms, **changes: Any) -> Granted:
    values: dict[str, Any] = {"scope": monthly(), "accepted": True, "now": NOW, "caller": KEY, **changes}
    caller = values.pop("caller")
    return await consents.record(session, caller, customer_id=customer.id, terms_id=agreed.id, **values)


async def make_subscription(
    session: AsyncSession, customer: Customer, consent: Consent | None, *prices: Price, **changes: Any
) -> Subscription:
    values: dict[str, Any] = {
        "created_at": NOW,
        "status": "active",
        "consent_id": consent.id if consent else None,
        "managed": consent is not None,
        **changes,
    }
    made = Subscription(stripe_id=stripe_id("sub"), customer_id=customer.id, **values)
    session.add(made)
    await session.flush()
    for price in prices:
        session.add(
            SubscriptionItem(
                created_at=NOW,
                stripe_id=stripe_id("si"),
                subscription_id=made.id,
                price_stripe_id=price.stripe_id,
                quantity=1,
                current_period_start=NOW,
                current_period_end=NOW,
            )
        )
    await session.flush()
    return made


async def make_invoice(
    session: AsyncSession,
    subscription: Subscription,
    amount: int,
    *,
    status: str = "open",
    created_at: datetime = NOW,
    paid_at: datetime | None = None,
) -> Invoice:
    made = Invoice(
        created_at=created_at,
        stripe_id=stripe_id("in"),
        customer_id=subscription.customer_id,
        subscription_stripe_id=subscription.stripe_id,
        status=status,
        currency="USD",
        subtotal=amount,
        total=amount,
        amount_due=amount,
        amount_paid=amount if status == "paid" else 0,
    )
    session.add(made)
    if paid_at is not None:
        data = {"id": made.stripe_id, "status_transitions": {"paid_at": int(paid_at.timestamp())}}
        known: dict[str, Any] = {"type": "invoice", "known_from": 0, "known_until": 0}
        session.add(StripeObject(stripe_id=made.stripe_id, data=data, **known))
    await session.flush()
    return made


async def make_setup_session(session: AsyncSession, consent: Consent, status: str = "open") -> SetupSession:
    made = SetupSession(
        created_at=NOW,
        stripe_id=stripe_id("cs"),
        customer_id=consent.customer_id,
        consent_id=consent.id,
        status=status,
        expires_at=NOW,
    )
    session.add(made)
    await session.flush()
    return made


async def make_operation(session: AsyncSession, consent: Consent, **changes: Any) -> Operation:
    values: dict[str, Any] = {
        "mutation": "createSubscription",
        "party": "merchant",
        "key": new_id().hex,
        "input_hash": "0" * 64,
        "actor": "shop",
        "customer_id": consent.customer_id,
        "consent_id": consent.id,
        "intent": {},
        "node_id": new_id(),
        "due_at": NOW,
        "updated_at": NOW,
        **changes,
    }
    made = Operation(created_at=NOW, **values)
    session.add(made)
    await session.flush()
    return made


async def reload_subscription(session: AsyncSession, subscription_id: UUID) -> Subscription:
    found = await session.get_one(Subscription, subscription_id)
    await session.refresh(found)
    return found
