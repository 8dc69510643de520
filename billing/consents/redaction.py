"""Removing a customer's personal values, while what was agreed and paid stays provable."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from billing import journal
from billing.callers import Caller
from billing.consents import ledger
from billing.consents.locking import hold_customer
from billing.errors import NotFound
from billing.mirror.scrubbing import scrub, scrub_object
from billing.tables import (
    Consent,
    ConsentRecord,
    Customer,
    LedgerAction,
    Mandate,
    Operation,
    OperationStatus,
    Payment,
    PaymentMethod,
    StripeEvent,
    StripeObject,
    Subscription,
)


async def redact(session: AsyncSession, caller: Caller, *, customer_id: UUID | None, now: datetime) -> Customer:
    """Removes personal values from every table; each consent gets a REDACTED record, once.

    What Stripe sends later of a redacted customer is stored without personal values (`mirror`). A request that is still
    under way keeps its own until it is recorded, because it has to be sent again exactly as it was. Raises NotFound.
    """
    # Whoever runs an operation locks it before the customer, so they come first here too.
    running = await _lock_operations(session, customer_id)
    customer = await hold_customer(session, customer_id) if customer_id else None
    if customer is None or not caller.may_see(customer.id):
        raise NotFound("There is no such customer.", ("input", "customerId"))
    customer.email = customer.name = None
    customer.stripe_metadata = {}
    customer.redacted_at = customer.redacted_at or now
    session.add(customer)
    await _redact_consents(session, caller, customer, now)
    await _redact_mirror(session, customer)
    await _redact_objects(session, customer)
    await _redact_events(session, customer)
    await _redact_operations(session, customer, running)
    await session.flush()
    await journal.redact(session, customer.id)
    return customer


async def _redact_consents(session: AsyncSession, caller: Caller, customer: Customer, now: datetime) -> None:
    redacted = select(ConsentRecord.consent_id).where(
        ConsentRecord.customer_id == customer.id, ConsentRecord.action == LedgerAction.REDACTED
    )
    done = set((await session.exec(redacted)).all())
    statement = select(Consent).where(Consent.customer_id == customer.id)
    for consent in (await session.exec(statement.order_by(col(Consent.created_at), col(Consent.id)))).all():
        if consent.id in done and not consent.salts:
            continue
        for column in ledger.PERSONAL.values():
            setattr(consent, column, None)
        consent.salts = {}
        session.add(consent)
        await ledger.append(session, consent, LedgerAction.REDACTED, {"redacted_by": caller.name}, now)


async def _redact_mirror(session: AsyncSession, customer: Customer) -> None:
    """The columns that hold what the stored objects lose."""
    emptied: list[tuple[type[PaymentMethod | Subscription | Payment], dict[str, Any]]] = [
        (PaymentMethod, {"billing_email": None, "billing_name": None}),
        (Subscription, {"stripe_metadata": {}}),
        (Payment, {"stripe_metadata": {}}),
    ]
    for table, values in emptied:
        await session.exec(update(table).where(col(table.customer_id) == customer.id).values(**values))


def _stripe_ids(customer: Customer) -> SelectOfScalar[str]:
    """The stored objects of the customer: those that name it, and its mandates, which name only the payment method."""
    mandates = (
        select(Mandate.stripe_id)
        .join(PaymentMethod, col(PaymentMethod.stripe_id) == Mandate.payment_method_stripe_id)
        .where(PaymentMethod.customer_id == customer.id)
    )
    theirs = or_(
        col(StripeObject.customer_stripe_id) == customer.stripe_id,
        col(StripeObject.stripe_id) == customer.stripe_id,
        col(StripeObject.stripe_id).in_(mandates),
    )
    return select(StripeObject.stripe_id).where(theirs)


async def _redact_objects(session: AsyncSession, customer: Customer) -> None:
    for each in (await session.exec(_stripe_ids(customer))).all():
        stored = await session.get_one(StripeObject, each, with_for_update=True)
        stored.data = scrub_object(stored.data)
        await _let_go(session, stored)


async def _redact_events(session: AsyncSession, customer: Customer) -> None:
    """Also those of objects that were never stored, which say whose they are only in their text."""
    named = col(StripeEvent.payload).contains(customer.stripe_id, autoescape=True)
    theirs = or_(col(StripeEvent.object_stripe_id).in_(_stripe_ids(customer)), named)
    ids = select(StripeEvent.id).where(theirs).order_by(col(StripeEvent.created_at), col(StripeEvent.id))
    for each in (await session.exec(ids)).all():
        event = await session.get_one(StripeEvent, each, with_for_update=True)
        event.payload = _scrubbed_event(event.payload)
        await _let_go(session, event)


async def _let_go(session: AsyncSession, row: StripeObject | StripeEvent) -> None:
    """Writes the row and forgets it: a long history does not have to be in memory at one time."""
    session.add(row)
    await session.flush()
    session.expunge(row)


def _scrubbed_event(payload: str) -> str:
    """The same body, byte for byte where nothing in it is personal."""
    body = json.loads(payload)
    parts = {name: each for name, each in body["data"].items() if isinstance(each, dict)}
    kind = {"object": body["data"]["object"].get("object")}
    data = {name: _like(each, scrub_object({**each, **kind})) for name, each in parts.items()}
    scrubbed = {**body, "data": {**body["data"], **data}}
    return payload if scrubbed == body else json.dumps(scrubbed, ensure_ascii=False)


def _like(given: dict[str, Any], scrubbed: dict[str, Any]) -> dict[str, Any]:
    """Only what was given: earlier values (`previous_attributes`) do not say of what kind of object they are."""
    return {key: scrubbed[key] for key in given}


def _operations(customer_id: UUID | None) -> SelectOfScalar[Operation]:
    theirs = or_(col(Operation.customer_id) == customer_id, col(Operation.node_id) == customer_id)
    return select(Operation).where(theirs).order_by(col(Operation.id))


async def _lock_operations(session: AsyncSession, customer_id: UUID | None) -> list[Operation]:
    return list((await session.exec(_operations(customer_id).with_for_update())).all())


async def _redact_operations(session: AsyncSession, customer: Customer, locked: list[Operation]) -> None:
    """Those that were locked before the customer, and those that came since and nobody is at."""
    known = [each.id for each in locked]
    later = _operations(customer.id).where(col(Operation.id).not_in(known)).with_for_update(skip_locked=True)
    for operation in [*locked, *(await session.exec(later)).all()]:
        operation.intent, operation.error = _scrubbed(operation.intent), _scrubbed(operation.error)
        operation.result = _scrubbed(operation.result)
        if operation.status != OperationStatus.PENDING:
            operation.request = _scrubbed(operation.request)
        session.add(operation)


def _scrubbed(value: Any) -> Any:
    """Our own JSON: besides what Stripe's may hold, the words with which a customer gave a reason."""
    return _without_reasons(scrub(value))


def _without_reasons(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: None if key == "reason" else _without_reasons(each) for key, each in value.items()}
