"""Customers: made here and at Stripe together, found by the merchant's own id."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.errors import Conflict, InvalidInput, InvalidTransition, NotFound, Problem
from billing.input import check_email, check_metadata, check_text, raise_problems
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered, ours
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Customer, Operation


async def find_by_external_id(session: AsyncSession, external_id: str) -> Customer | None:
    """The customer with the merchant's own id."""
    return (await session.exec(select(Customer).where(Customer.external_id == external_id))).first()


async def get(session: AsyncSession, caller: Caller, customer_id: UUID | None, *path: str) -> Customer:
    """The caller's customer. Raises NotFound at `path` for an unknown, foreign, or malformed (None) one."""
    found = await session.get(Customer, customer_id) if customer_id else None
    if found is None or not caller.may_see(found.id):
        raise NotFound("There is no such customer.", path or ("input", "customerId"))
    return found


async def get_live(session: AsyncSession, caller: Caller, customer_id: UUID | None, *path: str) -> Customer:
    """The same, for whom something new may be started. Raises InvalidTransition where it was deleted at Stripe."""
    found = await get(session, caller, customer_id, *path)
    if found.deleted_at is not None:
        raise InvalidTransition("This customer was deleted at Stripe.", "customer", found.id)
    return found


async def create(
    runtime: Runtime,
    caller: Caller,
    *,
    external_id: str,
    email: str | None = None,
    name: str | None = None,
    metadata: dict[str, str] | None = None,
    stripe_id: str | None = None,
) -> tuple[UUID, bool]:
    """The customer with this externalId, and whether it was made now. One that exists is returned as it is.

    With `stripe_id` it adopts a customer that exists at Stripe. Raises InvalidInput, Conflict, StripeRejected,
    StripeUnavailable.
    """
    _check(external_id=external_id, email=email, name=name, metadata=metadata)
    async with runtime.database.read() as session:
        known = await find_by_external_id(session, external_id)
    if known is not None:
        return _same(known, stripe_id), False
    intent = {
        "external_id": external_id,
        "email": email,
        "name": name,
        "metadata": metadata or {},
        "stripe_id": stripe_id,
    }
    # The externalId is the key: what another input asked for it is not a mismatch but the same customer.
    call = _ByExternalId("createCustomer", caller, external_id, intent)
    operation = await operations.run(runtime, CREATE, call)
    async with runtime.database.read() as session:
        made = await find_by_external_id(session, external_id)
    if made is None:
        raise NotFound("The customer is gone.", ("input", "externalId"))
    return _same(made, stripe_id), operation.node_id == made.id


class _ByExternalId(Call):
    @property
    def input_hash(self) -> str:
        return self.key


def _same(customer: Customer, stripe_id: str | None) -> UUID:
    if stripe_id is not None and customer.stripe_id != stripe_id:
        raise Conflict(f"This externalId already belongs to another customer of Stripe's, {customer.stripe_id}.")
    return customer.id


def _check(
    *, external_id: str | None = None, email: str | None = None, name: str | None = None, metadata: Any = None
) -> None:
    problems: list[Problem] = []
    if external_id is not None:
        problems += check_text("externalId", external_id, longest=255)
    problems += check_email("email", email) + check_metadata("metadata", metadata)
    if name:
        problems += check_text("name", name, longest=256)
    raise_problems(problems)


async def _begin_create(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    intent = operation.intent
    if await find_by_external_id(session, intent["external_id"]) is not None:
        return Finish()
    operation.subject = f"externalId:{intent['external_id']}"
    metadata = {**intent["metadata"], **ours(operation, assent_external_id=intent["external_id"])}
    params = {"metadata": metadata, **{key: intent[key] for key in ("email", "name") if intent[key]}}
    if intent["stripe_id"] is None:
        return Send("create", Request("post", "/v1/customers", params))
    await _check_unclaimed(session, intent["stripe_id"])
    return Send("create", Request("post", f"/v1/customers/{intent['stripe_id']}", params))


async def _check_unclaimed(session: AsyncSession, stripe_id: str) -> None:
    if not stripe_id.startswith("cus_") or not stripe_id[4:].isalnum():
        raise InvalidInput.at("input", "stripeId", message="This is not the id of a customer at Stripe (cus_...).")
    if (await session.exec(select(Customer).where(Customer.stripe_id == stripe_id))).first() is not None:
        raise Conflict("This customer of Stripe's already has another externalId.")


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


CREATE = Procedure("createCustomer", _begin_create, {"create": _record})


async def update(runtime: Runtime, caller: Caller, customer_id: UUID | None, changes: dict[str, Any]) -> UUID:
    """Changes e-mail, name, or metadata, whose keys are merged: a null value removes its key, null itself all of them.

    Raises NotFound, InvalidInput, InvalidTransition, Conflict, StripeRejected, StripeUnavailable.
    """
    _check(email=changes.get("email"), name=changes.get("name"), metadata=changes.get("metadata"))
    # The SDK's parameters do not let Stripe unset these two (stripe.params.CustomerUpdateParams).
    kept = [field for field in ("email", "name") if field in changes and not changes[field]]
    raise_problems([Problem(("input", field), "Stripe can change this, not remove it.") for field in kept])
    async with runtime.database.read() as session:
        customer = await get_live(session, caller, customer_id)
    if customer.redacted_at is not None:
        raise InvalidTransition("This customer's personal values were removed.", "customer", customer.id)
    if caller.is_customer and "metadata" in changes:
        raise InvalidInput.at("input", "metadata", message="Only the merchant keeps metadata.")
    if not changes or all(_current(customer, field) == value for field, value in changes.items()):
        return customer.id
    intent = {"customer_id": str(customer.id), "changes": changes}
    await operations.run(runtime, UPDATE, operations.unkeyed("updateCustomer", caller, intent, customer.id))
    return customer.id


def _current(customer: Customer, field: str) -> object:
    return customer.stripe_metadata if field == "metadata" else getattr(customer, field)


async def _begin_update(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    customer = await session.get_one(Customer, operation.customer_id)
    operation.node_id, operation.subject = customer.id, customer.stripe_id
    changes = dict(operation.intent["changes"])
    if "metadata" in changes:
        changes["metadata"] = _cleared(changes["metadata"] or dict.fromkeys(customer.stripe_metadata))
    return Send("update", Request("post", f"/v1/customers/{customer.stripe_id}", _cleared(changes)))


def _cleared(values: dict[str, Any]) -> dict[str, Any]:
    """Stripe removes what is sent as an empty string."""
    return {key: "" if value is None else value for key, value in values.items()}


UPDATE = Procedure("updateCustomer", _begin_update, {"update": _record})
