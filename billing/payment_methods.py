"""Payment methods: usable or not, the default one, and detaching."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, case, exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import errors, mirror, operations
from billing.callers import Caller
from billing.errors import NotFound, PaymentMethodUnusable, StripeRejected
from billing.operations import Finish, Next, Outcome, Procedure, Send, answered, unkeyed
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Consent, ConsentUsage, Customer, Mandate, Operation, PaymentMethod, SetupIntent


class PaymentMethodStatus(StrEnum):
    """Whether it can be charged, and if not why."""

    USABLE = "USABLE"
    MANDATE_INACTIVE = "MANDATE_INACTIVE"
    EXPIRED = "EXPIRED"
    DETACHED = "DETACHED"


def status_expression(month: ColumnElement[int]) -> ColumnElement[str]:
    """A method's status in SQL. `month` is now's `year * 12 + month`: a card lasts through its last month."""
    mandates = select(Mandate.id).where(col(Mandate.payment_method_stripe_id) == PaymentMethod.stripe_id)
    inactive = exists(mandates.where(Mandate.status == "inactive"))
    other = exists(mandates.where(Mandate.status != "inactive"))
    last_month = col(PaymentMethod.exp_year) * 12 + col(PaymentMethod.exp_month)
    return case(
        (col(PaymentMethod.detached_at).is_not(None), PaymentMethodStatus.DETACHED.value),
        (and_(inactive, ~other), PaymentMethodStatus.MANDATE_INACTIVE.value),
        (last_month < month, PaymentMethodStatus.EXPIRED.value),
        else_=PaymentMethodStatus.USABLE.value,
    )


def month_of(now: datetime) -> int:
    """The number that `status_expression` compares a card's last month with."""
    return now.year * 12 + now.month


async def get(session: AsyncSession, caller: Caller, method_id: UUID | None, *path: str) -> PaymentMethod:
    """The caller's method. Raises NotFound at `path`."""
    found = await session.get(PaymentMethod, method_id) if method_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such payment method.", path or ("input", "paymentMethodId"))
    return found


async def require_usable(session: AsyncSession, method: PaymentMethod, now: datetime) -> None:
    """Raises PaymentMethodUnusable where it cannot be charged."""
    month: ColumnElement[int] = bindparam("month", month_of(now))
    status = (await session.exec(select(status_expression(month)).where(PaymentMethod.id == method.id))).one()
    if status != PaymentMethodStatus.USABLE:
        raise PaymentMethodUnusable(REASONS[status], method.id)


REASONS = {
    PaymentMethodStatus.DETACHED.value: "This payment method was detached; ask the customer for another one.",
    PaymentMethodStatus.MANDATE_INACTIVE.value: "The customer took the permission behind this payment method back.",
    PaymentMethodStatus.EXPIRED.value: "This card has expired; ask the customer for another one.",
}


async def require_saved(session: AsyncSession, method: PaymentMethod) -> None:
    """Raises PaymentMethodUnusable where it was saved under no consent at all.

    Which payments may be charged to it is for the consent to say that is charged under.
    """
    saved = select(SetupIntent.id).where(
        SetupIntent.payment_method_stripe_id == method.stripe_id, col(SetupIntent.consent_id).is_not(None)
    )
    if (await session.exec(saved)).first() is None:
        message = "This payment method was not saved under a consent; save it in a new setup session."
        raise PaymentMethodUnusable(message, method.id)


async def require_saved_for(session: AsyncSession, method: PaymentMethod, usage: ConsentUsage) -> None:
    """Raises PaymentMethodUnusable where no consent for this kind of payment was given when the method was saved."""
    saved = (
        select(SetupIntent.id)
        .join(Consent, col(Consent.id) == SetupIntent.consent_id)
        .where(SetupIntent.payment_method_stripe_id == method.stripe_id, Consent.usage == usage)
    )
    if (await session.exec(saved)).first() is None:
        message = (
            f"This payment method was not saved under a consent to {usage} payments; save it in a new setup session."
        )
        raise PaymentMethodUnusable(message, method.id)


async def set_default(runtime: Runtime, caller: Caller, method_id: UUID | None) -> tuple[PaymentMethod, UUID | None]:
    """Makes it the one that new subscriptions are charged to; answers with it and the id of the one before.

    Raises NotFound, PaymentMethodUnusable, Conflict, StripeRejected, StripeUnavailable.
    """
    async with runtime.database.read() as session:
        method = await get(session, caller, method_id)
        await require_usable(session, method, runtime.clock())
        customer = await session.get_one(Customer, method.customer_id)
        if customer.default_payment_method_stripe_id == method.stripe_id:
            return method, method.id
    intent = {"payment_method_id": str(method.id)}
    call = unkeyed("setDefaultPaymentMethod", caller, intent, method.customer_id)
    operation = await operations.run(runtime, SET_DEFAULT, call)
    previous = operation.result.get("previous")
    return method, UUID(previous) if previous else None


async def _begin_default(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    method = await session.get_one(PaymentMethod, UUID(operation.intent["payment_method_id"]))
    await require_usable(session, method, now)
    customer = await session.get_one(Customer, method.customer_id)
    operation.node_id, operation.subject = method.id, customer.stripe_id
    params = {"invoice_settings": {"default_payment_method": method.stripe_id}}
    return Send("set", Request("post", f"/v1/customers/{customer.stripe_id}", params))


async def _record_default(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    answer = answered(outcome)
    customer = await session.get_one(Customer, operation.customer_id)
    before = select(PaymentMethod.id).where(PaymentMethod.stripe_id == customer.default_payment_method_stripe_id)
    previous = (await session.exec(before)).first()
    await mirror.record(session, answer, now=now)
    return Finish(result={"previous": str(previous)} if previous else {})


SET_DEFAULT = Procedure("setDefaultPaymentMethod", _begin_default, {"set": _record_default})


async def detach(runtime: Runtime, caller: Caller, method_id: UUID | None) -> UUID:
    """Takes it off the customer, for good.

    Stripe attaches a detached method to nobody again. Detached already: a success.

    Raises NotFound, Conflict, StripeRejected, StripeUnavailable.
    """
    async with runtime.database.read() as session:
        method = await get(session, caller, method_id)
    if method.detached_at is None:
        intent = {"payment_method_id": str(method.id)}
        call = unkeyed("detachPaymentMethod", caller, intent, method.customer_id)
        operation = await operations.run(runtime, DETACH, call)
        if error := operations.failure(operation):
            raise error
    return method.id


async def _begin_detach(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    method = await session.get_one(PaymentMethod, UUID(operation.intent["payment_method_id"]))
    operation.node_id, operation.subject = method.id, method.stripe_id
    if method.detached_at is not None:
        return Finish()
    return Send("detach", Request("post", f"/v1/payment_methods/{method.stripe_id}/detach", {}))


async def _record_detached(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected) and outcome.http_status == 400:
        # Nobody's any more, perhaps: by an earlier sending of which nothing was heard, or by others. The method tells.
        operation.result = {"refusal": outcome.dump()}
        return Send("look", Request("get", f"/v1/payment_methods/{operation.subject}", {}))
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    is_attached = answer.data["customer"] is not None
    return Finish(error=errors.load(operation.result["refusal"]) if is_attached else None)


DETACH = Procedure("detachPaymentMethod", _begin_detach, {"detach": _record_detached, "look": _record_detached})
