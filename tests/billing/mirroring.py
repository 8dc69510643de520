"""How the tests of the mirror tell it something, and look."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror import Decision
from billing.stripe_gateway import Answer
from billing.tables import (
    Customer,
    Operation,
    new_id,
)
from tests.billing.stripe_events import an_event, learn
from tests.billing.stripe_objects import SECOND

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)


Table = TypeVar("Table", bound=SQLModel)


def answer(data: dict[str, Any], known_from: int = SECOND, known_until: int | None = None) -> Answer:
    return Answer(data, known_from, known_until or known_from)


async def tell(session: AsyncSession, type: str, data: dict[str, Any], second: int = SECOND, **more: Any) -> Decision:
    return await learn(session, an_event(type, data, second, **more), NOW)


async def the_only(session: AsyncSession, table: type[Table]) -> Table:
    return (await session.exec(select(table).execution_options(populate_existing=True))).one()


async def all_of(session: AsyncSession, table: type[Table]) -> list[Table]:
    return list((await session.exec(select(table))).all())


async def an_operation(session: AsyncSession, mutation: str, **changes: Any) -> Operation:
    made = Operation(
        created_at=NOW,
        mutation=mutation,
        party="merchant",
        key=new_id().hex,
        input_hash="",
        actor="shop",
        node_id=new_id(),
        due_at=NOW,
        updated_at=NOW,
        **{"intent": {}, **changes},
    )
    session.add(made)
    await session.flush()
    return made


def made_by(operation: Operation, **more: str) -> dict[str, str]:
    return {"assent_operation": str(operation.id), "assent_id": str(operation.node_id), **more}


async def _customer_1(session: AsyncSession) -> Customer:
    found = (await session.exec(select(Customer).where(Customer.stripe_id == "cus_1"))).first()
    owner = found or Customer(created_at=NOW, external_id="ada", stripe_id="cus_1", email="ada@example.com")
    session.add(owner)
    await session.flush()
    return owner
