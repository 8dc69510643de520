"""Refunds in the mirror: whose they are, how they end, and what an ended payment gives free."""

from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.applier import apply_due
from billing.consents import ScopeInput
from billing.database import Database
from billing.mirror import NotOurs, ParentUnknown
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Consent, Customer, EventStatus, Payment, Refund, StripeObject
from tests.billing import stripe_objects
from tests.billing.applying import events_of, put, soon
from tests.billing.consent_rows import grant, publish
from tests.billing.mirroring import _customer_1, an_operation, made_by, tell, the_only
from tests.billing.stripe_events import an_event
from tests.billing.stripe_objects import SECOND


async def a_paid_payment(session: AsyncSession, **changes: Any) -> Customer:
    owner = await _customer_1(session)
    paid = stripe_objects.payment_intent("pi_1", "cus_1", status="succeeded", **changes)
    await tell(session, "payment_intent.succeeded", paid)
    return owner


async def test_a_refund_belongs_to_the_customer_of_its_payment(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(ParentUnknown) as unknown:
            async with session.begin_nested():
                await tell(session, "refund.created", stripe_objects.refund("re_1", "pi_1"))
        assert (unknown.value.stripe_id, unknown.value.type) == ("pi_1", "payment_intent")
        owner = await a_paid_payment(session)
        await tell(session, "refund.created", stripe_objects.refund("re_1", "pi_1"))
        row = await the_only(session, Refund)
        assert (row.customer_id, row.payment_stripe_id, row.amount, row.currency) == (owner.id, "pi_1", 500, "USD")
        assert (row.status, row.reason) == ("pending", "requested_by_customer")
        stored = await session.get_one(StripeObject, "re_1")
        assert stored.customer_stripe_id == "cus_1"


async def test_a_refund_of_a_payment_that_is_not_ours_is_not_kept(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(NotOurs):
            await tell(
                session, "payment_intent.succeeded", stripe_objects.payment_intent("pi_1", "cus_1", customer=None)
            )
        with pytest.raises(NotOurs):
            await tell(session, "refund.created", stripe_objects.refund("re_1", "pi_1"))


async def test_what_has_come_back_stays_failed(database: Database) -> None:
    async with database.transaction() as session:
        await a_paid_payment(session)
        for second, type, status in (
            (0, "refund.created", "pending"),
            (2, "refund.failed", "failed"),
            (1, "refund.updated", "succeeded"),
        ):
            refund = stripe_objects.refund("re_1", "pi_1", status=status)
            await tell(session, type, refund, SECOND + second)
        assert (await the_only(session, Refund)).status == "failed"


async def test_the_row_of_a_refund_is_the_one_that_was_reserved(database: Database) -> None:
    async with database.transaction() as session:
        await a_paid_payment(session)
        operation = await an_operation(session, "refundPayment")
        await tell(session, "refund.created", stripe_objects.refund("re_1", "pi_1", metadata=made_by(operation)))
        assert (await the_only(session, Refund)).id == operation.node_id


async def test_an_unknown_payment_is_read_and_one_of_a_stranger_is_skipped(runtime: Runtime) -> None:
    stranger = (await runtime.gateway.send(Request("post", "/v1/customers", {"email": "eve@example.com"}))).data
    params = {"amount": 1500, "currency": "usd", "customer": stranger["id"]}
    intent = (await runtime.gateway.send(Request("post", "/v1/payment_intents", params))).data
    for each in ("re_1", "re_2"):
        await put(runtime, an_event("refund.created", stripe_objects.refund(each, intent["id"]), 100))
        await apply_due(runtime, now=soon(runtime))
    assert {event.status for event in await events_of(runtime)} == {EventStatus.SKIPPED}
    async with runtime.database.read() as session:
        assert await session.get(StripeObject, intent["id"]) is None


@pytest.mark.parametrize(("status", "used"), [("canceled", False), ("processing", True), ("succeeded", True)])
async def test_a_consent_to_one_payment_is_free_again_once_that_payment_is_canceled(
    database: Database, status: str, *, used: bool
) -> None:
    async with database.transaction() as session:
        owner = await _customer_1(session)
        agreed = await publish(session, usage="ONE_TIME")
        consent = (await grant(session, owner, agreed, scope=ScopeInput("ONE_TIME"))).consent
        operation = await an_operation(session, "chargePaymentMethod", customer_id=owner.id, consent_id=consent.id)
        consent.used_by_id = operation.id
        session.add(consent)
        intent = stripe_objects.payment_intent("pi_1", "cus_1", status=status, metadata=made_by(operation))
        await tell(session, f"payment_intent.{status}", intent)
        assert (await the_only(session, Payment)).consent_id == consent.id
        assert ((await the_only(session, Consent)).used_by_id is not None) is used
