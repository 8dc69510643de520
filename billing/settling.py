"""Operations whose outcome at Stripe nobody knows: listed, and settled by a person's word."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from billing import operations
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.tables import Customer, Operation, OperationStatus


@dataclass(frozen=True)
class Unsettled:
    """An operation, and the merchant's own id of the customer whom it is about."""

    operation: Operation
    external_id: str | None


async def unsettled(runtime: Runtime) -> list[Unsettled]:
    """Every UNKNOWN operation, oldest first."""
    statement = (
        select(Operation, Customer.external_id)
        .outerjoin(Customer, col(Customer.id) == Operation.customer_id)
        .where(Operation.status == OperationStatus.UNKNOWN)
        .order_by(col(Operation.created_at), col(Operation.id))
    )
    async with runtime.database.read() as session:
        return [Unsettled(operation, external_id) for operation, external_id in (await session.exec(statement)).all()]


async def settle(runtime: Runtime, operation_id: UUID) -> Operation:
    """Looks at Stripe again: what is there is recorded; where there is nothing, the client's key is free again.

    Raises NotFound; Conflict where its outcome is known, or somebody else is at it; StripeUnavailable.
    """
    return await operations.settle(runtime, PROCEDURES, operation_id)
