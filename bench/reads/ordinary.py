"""The schema of both questions as Strawberry's and SQLAlchemy's documentation would have it written.

Types with resolvers, rows of the ORM, a DataLoader for each relation, and Strawberry's own caches of parsed and
validated documents. Nobody is asked for a key.
"""

import os
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry
import uvicorn
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import aliased
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from billing import tables
from billing.database import driver_url

T = TypeVar("T")

engine = create_async_engine(
    driver_url(os.environ["BENCH_DATABASE"]), pool_size=int(os.environ["BENCH_CONNECTIONS"]), max_overflow=0
)
sessions = async_sessionmaker(engine)


@cache
def newest_of(table: Any, most: int) -> Callable[[list[UUID]], Awaitable[list[list[Any]]]]:
    """Loads the newest rows of each of many customers."""
    latest = (table.created_at.desc(), table.id.desc())
    rank = func.row_number().over(partition_by=table.customer_id, order_by=latest).label("rank")
    ranked = select(table, rank).where(table.customer_id.in_(bindparam("customers", expanding=True))).subquery()
    statement = select(aliased(table, ranked)).where(ranked.c.rank <= most).order_by(ranked.c.rank)

    async def load(customers: list[UUID]) -> list[list[Any]]:
        found: dict[UUID, list[Any]] = defaultdict(list)
        async with sessions() as session:
            for row in await session.scalars(statement, {"customers": customers}):
                found[row.customer_id].append(row)
        return [found[each] for each in customers]

    return load


class Loaders:
    """Of one request."""

    def __init__(self) -> None:
        self.payment_methods = DataLoader(newest_of(tables.PaymentMethod, 20))
        self.subscriptions = DataLoader(newest_of(tables.Subscription, 20))
        self._invoices: dict[int, DataLoader[UUID, list[Any]]] = {}

    def invoices(self, most: int) -> DataLoader[UUID, list[Any]]:
        """By how many are asked for."""
        if most not in self._invoices:
            self._invoices[most] = DataLoader(newest_of(tables.Invoice, most))
        return self._invoices[most]


Info = strawberry.Info[Loaders, None]


@strawberry.type
class Edge(Generic[T]):
    """One of a list."""

    node: T


@strawberry.type
class Connection(Generic[T]):
    """A list."""

    edges: list[Edge[T]]

    @classmethod
    def of(cls, nodes: list[T]) -> "Connection[T]":
        """These."""
        return cls(edges=[Edge(node=each) for each in nodes])


@strawberry.type
class Money:
    """An amount."""

    amount: str
    currency: str


@strawberry.type
class Period:
    """From when to when."""

    start: str | None
    end: str | None


@strawberry.interface
class PaymentMethod:
    """Of any kind."""

    id: strawberry.ID
    stripe_id: str
    created_at: str


@strawberry.type
class CardPaymentMethod(PaymentMethod):
    """A card."""

    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None

    @classmethod
    def of(cls, row: tables.PaymentMethod) -> "CardPaymentMethod":
        """A row's."""
        return cls(
            id=strawberry.ID(f"payment_method_{row.id}"),
            stripe_id=row.stripe_id,
            created_at=instant(row.created_at) or "",
            brand=row.brand,
            last4=row.last4,
            exp_month=row.exp_month,
            exp_year=row.exp_year,
        )


@strawberry.type
class Subscription:
    """A subscription."""

    id: strawberry.ID
    status: str
    cancel_at_period_end: bool
    current_period: Period

    @classmethod
    def of(cls, row: tables.Subscription) -> "Subscription":
        """A row's."""
        period = Period(start=instant(row.current_period_start), end=instant(row.current_period_end))
        id = strawberry.ID(f"subscription_{row.id}")
        cancel = row.cancel_at_period_end
        return cls(id=id, status=row.status.upper(), cancel_at_period_end=cancel, current_period=period)


@strawberry.type
class Invoice:
    """An invoice in US dollars."""

    id: strawberry.ID
    number: str | None
    status: str
    total: Money
    created_at: str

    @classmethod
    def of(cls, row: tables.Invoice) -> "Invoice":
        """A row's."""
        total = Money(amount=f"{row.total // 100}.{row.total % 100:02}", currency=row.currency)
        id, created_at = strawberry.ID(f"invoice_{row.id}"), instant(row.created_at) or ""
        return cls(id=id, number=row.number, status=row.status.upper(), total=total, created_at=created_at)


@strawberry.type
class Customer:
    """A customer, and lists that are loaded for all customers of the answer at once."""

    row: strawberry.Private[tables.Customer]
    id: strawberry.ID
    external_id: str
    email: str | None
    name: str | None

    @classmethod
    def of(cls, row: tables.Customer) -> "Customer":
        """A row's."""
        id = strawberry.ID(f"customer_{row.id}")
        return cls(row=row, id=id, external_id=row.external_id, email=row.email, name=row.name)

    @strawberry.field
    async def payment_methods(self, info: Info) -> Connection[PaymentMethod]:
        """The newest first."""
        return Connection.of(
            [CardPaymentMethod.of(each) for each in await info.context.payment_methods.load(self.row.id)]
        )

    @strawberry.field
    async def subscriptions(self, info: Info) -> Connection[Subscription]:
        """The newest first."""
        return Connection.of([Subscription.of(each) for each in await info.context.subscriptions.load(self.row.id)])

    @strawberry.field
    async def invoices(self, info: Info, first: int = 20) -> Connection[Invoice]:
        """The newest first."""
        return Connection.of([Invoice.of(each) for each in await info.context.invoices(first).load(self.row.id)])


@strawberry.type
class Query:
    """Both questions."""

    @strawberry.field
    async def customer(self, id: strawberry.ID) -> Customer | None:
        """By its id."""
        async with sessions() as session:
            row = await session.get(tables.Customer, UUID(id.removeprefix("customer_")))
        return Customer.of(row) if row else None

    @strawberry.field
    async def customers(self, first: int = 20) -> Connection[Customer]:
        """The newest first."""
        table: Any = tables.Customer
        newest = select(table).order_by(table.created_at.desc(), table.id.desc()).limit(first)
        async with sessions() as session:
            return Connection.of([Customer.of(each) for each in await session.scalars(newest)])


def instant(at: datetime | None) -> str | None:
    """A time as clients see it."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class View(GraphQL[Loaders, None]):
    """With loaders for each request."""

    async def get_context(self, request: Request | WebSocket, response: Any) -> Loaders:
        """New ones."""
        return Loaders()


schema = strawberry.Schema(query=Query, types=[CardPaymentMethod], extensions=[ParserCache, ValidationCache])
app = Starlette(routes=[Route("/graphql", View(schema, graphql_ide=None))])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["BENCH_PORT"]), loop="uvloop", log_level="warning", access_log=False)
