"""Objects of Stripe's as its API of the pinned version answers with them, cut to what tests look at."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Customer, Operation, OperationStatus, Price, new_id
from tests.billing.consent_rows import grant, make_customer, make_price, publish
from tests.billing.stripe_events import an_event

SECOND = 1_795_400_000
MONTH = 30 * 24 * 3600


@dataclass(frozen=True)
class Reserved:
    """A createSubscription that was reserved, and for whom."""

    operation_id: UUID
    node_id: UUID
    consent_id: UUID
    customer: Customer
    price: Price

    @property
    def metadata(self) -> dict[str, str]:
        return {"assent_operation": str(self.operation_id), "assent_id": str(self.node_id)}


def customer(stripe_id: str, **changes: Any) -> dict[str, Any]:
    made = {
        "id": stripe_id,
        "object": "customer",
        "created": SECOND,
        "email": "ada@example.com",
        "name": "Ada",
        "description": None,
        "invoice_settings": {"default_payment_method": None},
        "metadata": {},
    }
    return {**made, **changes}


def product(stripe_id: str, **changes: Any) -> dict[str, Any]:
    made = {"id": stripe_id, "object": "product", "created": SECOND, "name": "Pro", "description": None, "active": True}
    return {**made, "metadata": {}, **changes}


def price(stripe_id: str, product_id: str, **changes: Any) -> dict[str, Any]:
    made = {
        "id": stripe_id,
        "object": "price",
        "created": SECOND,
        "product": product_id,
        "lookup_key": None,
        "currency": "usd",
        "unit_amount": 1500,
        "recurring": {"interval": "month", "interval_count": 1, "trial_period_days": None},
        "active": True,
        "metadata": {},
    }
    return {**made, **changes}


def payment_method(stripe_id: str, customer_id: str | None, **changes: Any) -> dict[str, Any]:
    made = {
        "id": stripe_id,
        "object": "payment_method",
        "created": SECOND,
        "type": "card",
        "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034},
        "billing_details": {"email": "ada@example.com", "name": "Ada", "address": None, "phone": None},
        "customer": customer_id,
        "metadata": {},
    }
    return {**made, **changes}


def subscription(stripe_id: str, customer_id: str, price: Any, **changes: Any) -> dict[str, Any]:
    item = {
        "id": f"si_{stripe_id}",
        "object": "subscription_item",
        "created": SECOND,
        "price": price,
        "quantity": 1,
        "current_period_start": SECOND,
        "current_period_end": SECOND + MONTH,
    }
    made = {
        "id": stripe_id,
        "object": "subscription",
        "created": SECOND,
        "customer": customer_id,
        "status": "incomplete",
        "items": {"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"},
        "default_payment_method": None,
        "latest_invoice": None,
        "cancel_at_period_end": False,
        "cancel_at": None,
        "canceled_at": None,
        "ended_at": None,
        "trial_end": None,
        "pause_collection": None,
        "metadata": {},
    }
    return {**made, **changes}


def invoice(stripe_id: str, customer_id: str, subscription_id: str | None, **changes: Any) -> dict[str, Any]:
    line = {
        "id": f"il_{stripe_id}",
        "object": "line_item",
        "amount": 1500,
        "currency": "usd",
        "description": "1 x Pro",
        "quantity": 1,
        "period": {"start": SECOND, "end": SECOND + MONTH},
        "parent": {"type": "subscription_item_details", "subscription_item_details": {"proration": False}},
    }
    details: dict[str, Any] = {"subscription": subscription_id, "metadata": {}}
    made = {
        "id": stripe_id,
        "object": "invoice",
        "created": SECOND,
        "customer": customer_id,
        "customer_email": "ada@example.com",
        "status": "draft",
        "parent": {"type": "subscription_details", "subscription_details": details} if subscription_id else None,
        "lines": {"object": "list", "data": [line], "has_more": False, "url": f"/v1/invoices/{stripe_id}/lines"},
        "number": None,
        "billing_reason": "subscription_create",
        "currency": "usd",
        "subtotal": 1500,
        "total_taxes": None,
        "total": 1500,
        "amount_due": 1500,
        "amount_paid": 0,
        "attempt_count": 0,
        "next_payment_attempt": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "metadata": {},
    }
    return {**made, **changes}


def payment_intent(stripe_id: str, customer_id: str, **changes: Any) -> dict[str, Any]:
    made = {
        "id": stripe_id,
        "object": "payment_intent",
        "created": SECOND,
        "customer": customer_id,
        "status": "requires_payment_method",
        "amount": 1500,
        "currency": "usd",
        "payment_method": None,
        "description": "Subscription creation",
        "client_secret": f"{stripe_id}_secret",
        "last_payment_error": None,
        "next_action": None,
        "metadata": {},
    }
    return {**made, **changes}


def refund(stripe_id: str, payment_id: str, **changes: Any) -> dict[str, Any]:
    made = {
        "id": stripe_id,
        "object": "refund",
        "created": SECOND,
        "payment_intent": payment_id,
        "charge": f"ch_{payment_id}",
        "amount": 500,
        "currency": "usd",
        "status": "pending",
        "reason": "requested_by_customer",
        "metadata": {},
    }
    return {**made, **changes}


def invoice_payment(stripe_id: str, invoice_id: str, payment_id: Any, **changes: Any) -> dict[str, Any]:
    made = {
        "id": stripe_id,
        "object": "invoice_payment",
        "created": SECOND,
        "invoice": invoice_id,
        "payment": {"type": "payment_intent", "payment_intent": payment_id},
        "is_default": True,
        "status": "open",
    }
    return {**made, **changes}


def dispute(stripe_id: str, payment_id: str | None, **changes: Any) -> dict[str, Any]:
    made = {
        "id": stripe_id,
        "object": "dispute",
        "created": SECOND,
        "payment_intent": payment_id,
        "charge": "ch_1",
        "amount": 1500,
        "currency": "usd",
        "status": "needs_response",
        "reason": "fraudulent",
        "balance_transactions": [],
        "evidence": {"customer_name": None, "customer_email_address": None},
        "evidence_details": {"due_by": SECOND + 10 * 24 * 3600, "has_evidence": False, "submission_count": 0},
        "metadata": {},
    }
    return {**made, **changes}


async def a_reserved_subscription(
    session: AsyncSession, now: datetime, status: OperationStatus = OperationStatus.PENDING
) -> Reserved:
    """Everything that is there before Stripe is asked for a subscription."""
    owner, priced = await make_customer(session), await make_price(session)
    consent = (await grant(session, owner, await publish(session))).consent
    operation = Operation(
        created_at=now,
        mutation="createSubscription",
        party="merchant",
        key=new_id().hex,
        input_hash="",
        actor="shop",
        customer_id=owner.id,
        consent_id=consent.id,
        intent={},
        node_id=new_id(),
        status=status,
        due_at=now,
        updated_at=now,
    )
    session.add(operation)
    await session.flush()
    assert operation.node_id is not None
    return Reserved(operation.id, operation.node_id, consent.id, owner, priced)


def first_payment(made: Reserved) -> list[dict[str, Any]]:
    """The events of a subscription that is paid at once, in the order in which they happened."""
    owner = made.customer.stripe_id
    sub = subscription("sub_1", owner, made.price.stripe_id, metadata=made.metadata)
    bill, paying = invoice("in_1", owner, "sub_1"), payment_intent("pi_1", owner)
    link = invoice_payment("inpay_1", "in_1", "pi_1")
    told: list[dict[str, Any]] = []

    def tell(type: str, data: dict[str, Any], *, as_update: bool = False, **changes: Any) -> None:
        before = {key: deepcopy(data[key]) for key in changes}
        data.update(changes)
        told.append(an_event(type, data, SECOND, previous=before if as_update else None))

    tell("invoice.created", bill)
    tell("customer.subscription.created", sub, latest_invoice="in_1")
    tell("invoice.finalized", bill, status="open", number="A-1")
    tell("payment_intent.created", paying)
    tell("payment_intent.succeeded", paying, status="succeeded", payment_method="pm_1")
    tell("invoice_payment.paid", link, status="paid")
    tell("invoice.updated", bill, as_update=True, status="paid", amount_paid=1500, attempt_count=1)
    tell("invoice.paid", bill)
    tell("invoice.payment_succeeded", bill)
    tell("customer.subscription.updated", sub, as_update=True, status="active", default_payment_method="pm_1")
    return told


def updates_of_a_subscription(made: Reserved) -> list[dict[str, Any]]:
    """Five events of one second, whose order only their earlier states show."""
    sub = subscription("sub_1", made.customer.stripe_id, made.price.stripe_id, metadata=made.metadata)
    told = [an_event("customer.subscription.created", sub, SECOND)]
    for changes in (
        {"status": "active"},
        {"metadata": {**made.metadata, "plan": "one"}},
        {"metadata": {**made.metadata, "plan": "two"}},
        {"status": "canceled", "metadata": {**made.metadata, "plan": "three"}},
    ):
        before = {key: deepcopy(sub[key]) for key in changes}
        if "metadata" in before:
            before["metadata"] = {"plan": before["metadata"].get("plan")}
        sub.update(deepcopy(changes))
        ended = sub["status"] == "canceled"
        type = "customer.subscription.deleted" if ended else "customer.subscription.updated"
        told.append(an_event(type, sub, SECOND, previous=None if ended else before))
    return told
