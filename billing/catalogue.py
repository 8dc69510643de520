"""Products and prices: made at Stripe, mirrored here."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror, operations
from billing.callers import Caller
from billing.errors import Conflict, NotFound, Problem
from billing.input import check_currency, check_key, check_text, check_trial, raise_problems
from billing.money import Money
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered, ours, unkeyed
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Operation, Price, Product

# Stripe allows intervals of at most three years.
LONGEST_INTERVAL = {"day": 1095, "week": 156, "month": 36, "year": 3}
LOOKUP_KEY = re.compile(r"\S{1,200}")


async def get_product(session: AsyncSession, product_id: UUID | None, *path: str) -> Product:
    """Raises NotFound at `path`."""
    found = await session.get(Product, product_id) if product_id else None
    if found is None or found.deleted_at is not None:
        raise NotFound("There is no such product.", path or ("input", "productId"))
    return found


async def get_price(session: AsyncSession, price_id: UUID | None, *path: str) -> Price:
    """Raises NotFound at `path`."""
    found = await session.get(Price, price_id) if price_id else None
    if found is None or found.deleted_at is not None:
        raise NotFound("There is no such price.", path or ("input", "priceId"))
    return found


async def create_product(
    runtime: Runtime, caller: Caller, *, name: str, description: str | None, idempotency_key: str
) -> UUID:
    """Raises InvalidInput, IdempotencyMismatch, StripeRejected, StripeUnavailable."""
    described = check_text("description", description, longest=5000) if description else []
    raise_problems(check_text("name", name, longest=250) + described + check_key(idempotency_key))
    intent = {"name": name, **({"description": description} if description else {})}
    call = Call("createProduct", caller, idempotency_key, intent)
    return _node(await operations.run(runtime, CREATE_PRODUCT, call))


def _node(operation: Operation) -> UUID:
    if operation.node_id is None:
        raise ValueError(f"operation {operation.id} has no node")
    return operation.node_id


async def _begin_create_product(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    return Send("create", Request("post", "/v1/products", {**operation.intent, "metadata": ours(operation)}))


async def _record(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


CREATE_PRODUCT = Procedure("createProduct", _begin_create_product, {"create": _record})


async def update_product(runtime: Runtime, caller: Caller, product_id: UUID | None, changes: dict[str, Any]) -> UUID:
    """Changes name, description, or active.

    Raises NotFound, InvalidInput, Conflict, StripeRejected, StripeUnavailable.
    """
    name = changes.get("name")
    raise_problems(check_text("name", name, longest=250) if name is not None else [])
    async with runtime.database.read() as session:
        product = await get_product(session, product_id)
    if all(getattr(product, field) == value for field, value in changes.items()):
        return product.id
    intent = {"product_id": str(product.id), "changes": changes}
    return _node(await operations.run(runtime, UPDATE_PRODUCT, unkeyed("updateProduct", caller, intent)))


async def _begin_update_product(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    product = await get_product(session, UUID(operation.intent["product_id"]))
    operation.node_id, operation.subject = product.id, product.stripe_id
    changes = {key: "" if value is None else value for key, value in operation.intent["changes"].items()}
    return Send("update", Request("post", f"/v1/products/{product.stripe_id}", changes))


UPDATE_PRODUCT = Procedure("updateProduct", _begin_update_product, {"update": _record})


async def create_price(
    runtime: Runtime,
    caller: Caller,
    *,
    product_id: UUID | None,
    unit_amount: Money,
    interval: tuple[str, int] | None,
    lookup_key: str | None,
    trial_days: int | None = None,
    self_service: bool,
    idempotency_key: str,
) -> UUID:
    """`interval` is Stripe's unit and a count, or None for a one-off price.

    Raises InvalidInput, NotFound, Conflict (the lookup key is taken), IdempotencyMismatch, StripeRejected,
    StripeUnavailable.
    """
    problems = check_key(idempotency_key) + check_currency("unitAmount", unit_amount.currency)
    problems += _amount_problems(unit_amount) + _interval_problems(interval) + _key_problems(lookup_key)
    raise_problems(problems + _trial_problems(trial_days, interval))
    async with runtime.database.read() as session:
        product = await get_product(session, product_id)
    intent = {
        "product_id": str(product.id),
        "currency": unit_amount.currency,
        "unit_amount": unit_amount.amount,
        "interval": list(interval) if interval else None,
        "lookup_key": lookup_key,
        "trial_days": trial_days,
        "self_service": self_service,
    }
    call = Call("createPrice", caller, idempotency_key, intent)
    return _node(await operations.run(runtime, CREATE_PRICE, call))


def _amount_problems(amount: Money) -> list[Problem]:
    if amount.amount >= 0:
        return []
    return [Problem(("input", "unitAmount", "amount"), "A price is zero or more.")]


def _interval_problems(interval: tuple[str, int] | None) -> list[Problem]:
    if interval is None or 1 <= interval[1] <= LONGEST_INTERVAL[interval[0]]:
        return []
    longest = LONGEST_INTERVAL[interval[0]]
    return [Problem(("input", "interval", "count"), f"Stripe bills every 1 to {longest} {interval[0]}s.")]


def _trial_problems(days: int | None, interval: tuple[str, int] | None) -> list[Problem]:
    problems = check_trial(days)
    if days is not None and interval is None:
        problems.append(Problem(("input", "trialDays"), "A one-off price has no trial; leave it out."))
    return problems


def _key_problems(lookup_key: str | None) -> list[Problem]:
    if lookup_key is None or LOOKUP_KEY.fullmatch(lookup_key):
        return []
    return [Problem(("input", "lookupKey"), "A lookup key has 1 to 200 characters and no spaces.")]


async def _begin_create_price(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    intent = operation.intent
    product = await get_product(session, UUID(intent["product_id"]))
    await _check_lookup_key(session, intent["lookup_key"])
    params: dict[str, Any] = {
        "product": product.stripe_id,
        "currency": intent["currency"].lower(),
        "unit_amount": intent["unit_amount"],
        "metadata": ours(operation, **_self_service(intent["self_service"])),
    }
    if intent["interval"]:
        unit, count = intent["interval"]
        trial = {"trial_period_days": intent["trial_days"]} if intent["trial_days"] else {}
        params["recurring"] = {"interval": unit, "interval_count": count, **trial}
    if intent["lookup_key"]:
        params["lookup_key"] = intent["lookup_key"]
    return Send("create", Request("post", "/v1/prices", params))


async def _check_lookup_key(session: AsyncSession, lookup_key: str | None, *, but: UUID | None = None) -> None:
    if lookup_key is None:
        return
    found = (await session.exec(select(Price).where(Price.lookup_key == lookup_key))).first()
    if found is not None and found.id != but:
        raise Conflict(f"The lookup key {lookup_key} belongs to another price.")


def _self_service(allowed: bool) -> dict[str, str]:
    """Kept at Stripe too, so that a new mirror of the account knows it."""
    return {"assent_self_service": "true" if allowed else ""}


CREATE_PRICE = Procedure("createPrice", _begin_create_price, {"create": _record})


async def update_price(runtime: Runtime, caller: Caller, price_id: UUID | None, changes: dict[str, Any]) -> UUID:
    """Changes active, lookup_key, or self_service.

    Raises NotFound, InvalidInput, Conflict, StripeRejected, StripeUnavailable.
    """
    raise_problems(_key_problems(changes.get("lookup_key")))
    async with runtime.database.read() as session:
        price = await get_price(session, price_id)
        await _check_lookup_key(session, changes.get("lookup_key"), but=price.id)
    if all(getattr(price, field) == value for field, value in changes.items()):
        return price.id
    intent = {"price_id": str(price.id), "changes": changes}
    return _node(await operations.run(runtime, UPDATE_PRICE, unkeyed("updatePrice", caller, intent)))


async def _begin_update_price(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    price = await get_price(session, UUID(operation.intent["price_id"]))
    operation.node_id, operation.subject = price.id, price.stripe_id
    changes = dict(operation.intent["changes"])
    params = {key: "" if changes[key] is None else changes[key] for key in ("active", "lookup_key") if key in changes}
    if "self_service" in changes:
        params["metadata"] = _self_service(changes["self_service"])
    return Send("update", Request("post", f"/v1/prices/{price.stripe_id}", params))


async def _record_price(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    await mirror.record(session, answered(outcome), now=now)
    changes = operation.intent["changes"]
    if "self_service" in changes:
        price = await session.get_one(Price, operation.node_id)
        price.self_service = changes["self_service"]
        session.add(price)
    return Finish()


UPDATE_PRICE = Procedure("updatePrice", _begin_update_price, {"update": _record_price})
