"""A customer with one of everything, for tests that look at all of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import tables
from schema.nodes import global_id
from tests import factories as make
from tests import taken_back
from tests.factories import NOW

# Rows whose ids no field has.
NAMELESS = (tables.ConsentRecord, tables.SetupIntent, tables.InvoiceLine)


@dataclass(frozen=True)
class World:
    """Everything of one customer. `ids` are global ids by noun, `stripe_ids` those of Stripe's objects."""

    customer: tables.Customer
    ids: dict[str, str]
    stripe_ids: dict[str, str]
    marks: frozenset[str]
    """Texts that are this customer's alone."""
    hidden: frozenset[str]
    """Those of them that no token is shown: the merchant's metadata, the bank's words, ids that no field has."""


async def create_world(session: AsyncSession) -> World:
    """One of every row that belongs to a customer, tied together."""
    customer = await make.create_customer(session, stripe_metadata={"secret": make.unique()})
    price = await make.create_price(session)
    rows: dict[str, Any] = {"customer": customer}
    rows |= await _agreed(session, customer, price)
    rows |= await _subscribed(session, rows, price)
    rows |= await _paid(session, rows)
    unnamed = [rows.pop(name) for name in ("wallet", "record", "intent", "item", "line")]
    hidden = {customer.stripe_metadata["secret"], str(rows["payment"].failure_message)}
    hidden |= {each.stripe_id for each in unnamed if isinstance(each, tables.SubscriptionItem | tables.InvoiceLine)}
    hidden |= {str(each.id) for each in unnamed if isinstance(each, NAMELESS)}
    return World(
        customer,
        {noun: global_id(noun, row.id) for noun, row in rows.items()},
        {noun: row.stripe_id for noun, row in rows.items() if noun != "consent"},
        frozenset(_marks(*rows.values(), *unnamed)),
        frozenset(hidden),
    )


async def _agreed(session: AsyncSession, customer: tables.Customer, price: tables.Price) -> dict[str, Any]:
    """What the customer has agreed to, and saved under it."""
    method = await make.create_payment_method(session, customer)
    customer.default_payment_method_stripe_id = method.stripe_id
    wallet = await make.create_payment_method(
        session,
        customer,
        stripe_type="amazon_pay",
        **dict.fromkeys(("brand", "last4", "exp_month", "exp_year")),
        billing_email=f"{make.unique()}@amazon.example",
        billing_name=make.unique(),
    )
    consent = await make.create_consent(
        session, customer, ip_address=make.unique(), user_agent=make.unique(), monthly_maximum=5000
    )
    session.add(tables.ConsentProduct(consent_id=consent.id, product_id=price.product_id))
    record = await make.create_record(session, consent)
    intent = await make.create_setup_intent(
        session,
        customer,
        consent_id=consent.id,
        payment_method_stripe_id=method.stripe_id,
        status="succeeded",
        failure_message=make.unique(),
    )
    setup = await make.create_setup_session(session, customer, consent, setup_intent_stripe_id=intent.stripe_id)
    named = {"payment_method": method, "consent": consent, "setup_session": setup}
    return {**named, "wallet": wallet, "record": record, "intent": intent}


async def _subscribed(session: AsyncSession, rows: dict[str, Any], price: tables.Price) -> dict[str, Any]:
    """A subscription that is paused, and its invoice."""
    customer = rows["customer"]
    subscription = await make.create_subscription(
        session,
        customer,
        consent_id=rows["consent"].id,
        managed=True,
        payment_method_stripe_id=rows["payment_method"].stripe_id,
        stripe_metadata=customer.stripe_metadata,
        paused_at=NOW,
        pause_resumes_at=NOW + timedelta(days=3),
        pause_collection_only=True,
    )
    item = await make.create_subscription_item(session, subscription, price)
    invoice = await make.create_invoice(
        session,
        customer,
        subscription_stripe_id=subscription.stripe_id,
        tax=100,
        billing_reason="subscription_create",
        hosted_url=f"https://stripe.example/{make.unique()}",
        pdf_url=f"https://stripe.example/{make.unique()}",
    )
    subscription.latest_invoice_stripe_id = invoice.stripe_id
    line = await make.create_invoice_line(session, invoice, description=make.unique())
    return {"subscription": subscription, "invoice": invoice, "item": item, "line": line}


async def _paid(session: AsyncSession, rows: dict[str, Any]) -> dict[str, Any]:
    """The invoice's payment, and what takes that back."""
    payment = await make.create_payment(
        session,
        rows["customer"],
        consent_id=rows["consent"].id,
        payment_method_stripe_id=rows["payment_method"].stripe_id,
        status="requires_action",
        description=make.unique(),
        stripe_metadata=rows["customer"].stripe_metadata,
        failure_code="card_declined",
        failure_decline_code="insufficient_funds",
        failure_message=make.unique(),
        client_secret=make.unique(),
        next_action_url=f"https://stripe.example/{make.unique()}",
    )
    await make.create_invoice_payment(session, rows["invoice"], payment)
    dispute = await taken_back.create_dispute(session, payment)
    return {"payment": payment, "dispute": dispute, "refund": await taken_back.create_refund(session, payment)}


def _marks(*rows: Any) -> set[str]:
    """Ids, and whatever else only these rows say: every text of the factories' own begins with x and has digits."""
    marks = set()
    for row in rows:
        for name, value in row.model_dump().items():
            if name == "id":
                marks.add(str(value))
            if isinstance(value, dict):
                marks |= {each for each in value.values() if str(each).startswith("x0")}
            if isinstance(value, str) and "x0" in value and name != "price_stripe_id":
                marks.add(value)
    return marks
