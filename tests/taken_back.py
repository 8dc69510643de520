"""Rows of what was given back of payments, and of what was called into question, for tests; as `factories` has them."""

from datetime import timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import tables
from tests.factories import NOW, add, unique


async def create_dispute(session: AsyncSession, payment: tables.Payment, **changes: Any) -> tables.Dispute:
    """All of it, to be answered within ten days."""
    values = {
        "stripe_id": f"du_{unique()}",
        "customer_id": payment.customer_id,
        "payment_stripe_id": payment.stripe_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "status": "needs_response",
        "reason": "fraudulent",
        "evidence_due_at": NOW + timedelta(days=10),
    }
    return await add(session, tables.Dispute, values, changes)


async def create_refund(session: AsyncSession, payment: tables.Payment, **changes: Any) -> tables.Refund:
    """5 USD that were given back."""
    values = {
        "stripe_id": f"re_{unique()}",
        "customer_id": payment.customer_id,
        "payment_stripe_id": payment.stripe_id,
        "amount": 500,
        "currency": payment.currency,
        "status": "succeeded",
        "reason": "requested_by_customer",
    }
    return await add(session, tables.Refund, values, changes)
