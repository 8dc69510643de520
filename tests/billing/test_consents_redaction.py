"""After a redaction nothing personal is left in any table, and the chain still proves what was agreed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import consents
from billing.callers import Caller
from billing.consents import ledger
from billing.database import Database
from billing.errors import NotFound
from billing.tables import (
    Consent,
    Customer,
    KeyScope,
    Mandate,
    OperationStatus,
    PaymentMethod,
    StripeEvent,
    StripeObject,
    new_id,
)
from tests.billing.consent_rows import (
    KEY,
    NOW,
    customer_caller,
    grant,
    make_customer,
    make_operation,
    make_subscription,
    publish,
    stripe_id,
)

KEY_ID = new_id()
PERSONAL = ("ada@example.com", "Ada", "203.0.113.7", "Firefox", "moving away", "1 Main Street", "+49 30 1234")


async def tell(session: AsyncSession) -> tuple[Customer, Consent]:
    """A customer with something personal in every place that can have it."""
    customer = await make_customer(session, name="Ada", stripe_metadata={"nickname": "Ada"})
    agreed = await publish(session)
    consent = (await grant(session, customer, agreed, caller=customer_caller(customer))).consent
    await consents.revoke(session, customer_caller(customer), consent_id=consent.id, reason="moving away", now=NOW)
    await make_subscription(session, customer, consent, stripe_metadata={"for": "Ada"})
    method = PaymentMethod(
        created_at=NOW,
        stripe_id=stripe_id("pm"),
        customer_id=customer.id,
        stripe_type="card",
        billing_email="ada@example.com",
        billing_name="Ada",
    )
    mandate = Mandate(
        created_at=NOW, stripe_id=stripe_id("mandate"), payment_method_stripe_id=method.stripe_id, status="active"
    )
    session.add_all((method, mandate))
    await store(session, customer.stripe_id, "customer", customer.stripe_id, as_stripe_has(customer))
    await store(session, method.stripe_id, "payment_method", customer.stripe_id, billing_details(method))
    await store(session, mandate.stripe_id, "mandate", None, acceptance(mandate))
    elsewhere = {"id": "in_other", "object": "invoice", "customer": customer.stripe_id, "customer_name": "Ada"}
    session.add(event("in_other", elsewhere))
    intent = {"external_id": customer.external_id, "email": "ada@example.com", "name": "Ada", "metadata": {"a": "Ada"}}
    done = {"status": OperationStatus.SUCCEEDED, "intent": intent, "customer_id": None, "node_id": customer.id}
    await make_operation(session, consent, mutation="createCustomer", **done)
    canceling = {"status": OperationStatus.SUCCEEDED, "intent": {"reason": "moving away"}}
    await make_operation(session, consent, mutation="cancelSubscription", **canceling)
    return customer, consent


def as_stripe_has(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.stripe_id,
        "object": "customer",
        "email": "ada@example.com",
        "name": "Ada",
        "description": "Ada",
        "phone": "+49 30 1234",
        "shipping": {"address": {"line1": "1 Main Street"}, "name": "Ada"},
        "metadata": {"assent_id": str(customer.id), "nickname": "Ada"},
    }


def billing_details(method: PaymentMethod) -> dict[str, Any]:
    details = {"email": "ada@example.com", "name": "Ada", "address": {"line1": "1 Main Street"}}
    return {"id": method.stripe_id, "object": "payment_method", "billing_details": details, "card": {"last4": "4242"}}


def acceptance(mandate: Mandate) -> dict[str, Any]:
    online = {"ip_address": "203.0.113.7", "user_agent": "Firefox/130"}
    return {"id": mandate.stripe_id, "object": "mandate", "customer_acceptance": {"type": "online", "online": online}}


async def store(session: AsyncSession, id: str, type: str, customer: str | None, data: dict[str, Any]) -> None:
    row = StripeObject(stripe_id=id, type=type, data=data, customer_stripe_id=customer, known_from=0, known_until=0)
    session.add_all((row, event(id, data)))
    await session.flush()


def event(object_id: str, data: dict[str, Any]) -> StripeEvent:
    id = stripe_id("evt")
    earlier = {key: value for key, value in data.items() if key != "object"}
    payload = {"id": id, "object": "event", "data": {"object": data, "previous_attributes": earlier}}
    return StripeEvent(
        created_at=NOW,
        stripe_id=id,
        type="x.updated",
        object_stripe_id=object_id,
        payload=json.dumps(payload),
        received_at=NOW,
        due_at=NOW,
    )


async def everything(session: AsyncSession) -> str:
    """Every row of every table, as text."""
    connection = await session.connection()
    tables = SQLModel.metadata.sorted_tables
    return "\n".join([repr(tuple(row)) for table in tables for row in await connection.execute(table.select())])


async def test_nothing_personal_is_left_in_any_table(database: Database) -> None:
    async with database.transaction() as session:
        customer, _ = await tell(session)
    async with database.read() as session:
        before = await everything(session)
    async with database.transaction() as session:
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW)
    async with database.read() as session:
        after = await everything(session)
    assert [value for value in PERSONAL if value not in before] == []
    assert [value for value in PERSONAL if value in after] == []
    assert customer.external_id in after
    assert "4242" in after
    assert f"'assent_id': '{customer.id}'" in after


async def test_the_chain_still_proves_the_rest(database: Database) -> None:
    async with database.transaction() as session:
        customer, consent = await tell(session)
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW)
    async with database.read() as session:
        state = await ledger.verify(session, customer.id)
        records = await ledger.list_records(session, customer.id)
        found = await session.get_one(Customer, customer.id)
    assert state.intact, state.what
    assert [each.action for each in records] == ["GRANTED", "REVOKED", "REDACTED"]
    assert (records[2].consent_id, records[2].payload["redacted_by"]) == (consent.id, "shop")
    assert found.redacted_at == NOW


async def test_a_second_redaction_finds_nothing_to_do(database: Database) -> None:
    async with database.transaction() as session:
        customer, _ = await tell(session)
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW)
    async with database.read() as session:
        before = await everything(session)
    async with database.transaction() as session:
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW + timedelta(days=1))
    async with database.read() as session:
        assert await everything(session) == before


async def test_what_is_said_after_a_redaction_can_be_redacted_too(database: Database) -> None:
    async with database.transaction() as session:
        customer, agreed = await make_customer(session), await publish(session)
        consent = (await grant(session, customer, agreed)).consent
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW)
        await consents.revoke(session, KEY, consent_id=consent.id, reason="moving away", now=NOW)
        assert (await ledger.verify(session, customer.id)).intact
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW)
        state = await ledger.verify(session, customer.id)
        assert consent.revocation_reason is None
    assert (state.length, state.intact) == (4, True)


async def test_a_value_put_back_after_a_redaction_is_tampering(database: Database) -> None:
    async with database.transaction() as session:
        customer, consent = await tell(session)
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW)
        consent.ip_address = "203.0.113.7"
        session.add(consent)
        assert (await ledger.verify(session, customer.id)).broken_at == consent.id


async def test_other_customers_keep_everything(database: Database) -> None:
    async with database.transaction() as session:
        customer, _ = await tell(session)
        other, agreed = await make_customer(session, name="Grace"), await publish(session)
        theirs = (await grant(session, other, agreed, ip_address="192.0.2.1")).consent
        data = {"id": other.stripe_id, "object": "customer", "name": "Grace"}
        await store(session, other.stripe_id, "customer", other.stripe_id, data)
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW)
    async with database.read() as session:
        found, consent = await session.get_one(Customer, other.id), await session.get_one(Consent, theirs.id)
        stored = await session.get_one(StripeObject, other.stripe_id)
    assert (found.name, found.redacted_at, consent.ip_address) == ("Grace", None, "192.0.2.1")
    assert stored.data == data


async def test_a_request_under_way_is_still_sent_as_it_was(database: Database) -> None:
    async with database.transaction() as session:
        customer, consent = await tell(session)
        request = {"method": "post", "path": "/v1/customers/x", "params": {"name": "Ada"}}
        waiting = await make_operation(session, consent, mutation="updateCustomer", request=request)
        await consents.redact(session, KEY, customer_id=customer.id, now=NOW)
        assert waiting.request == request


async def test_an_unknown_customer_is_not_found(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make_customer(session)
        stranger = Caller("CUSTOMER", KeyScope.READ, customer_id=KEY_ID)
        for caller, customer_id in ((KEY, None), (KEY, KEY_ID), (stranger, customer.id)):
            with pytest.raises(NotFound):
                await consents.redact(session, caller, customer_id=customer_id, now=NOW)
