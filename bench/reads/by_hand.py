"""The answers to both questions made without a schema: by one statement written by hand, and from rows of the ORM."""

from datetime import UTC, datetime
from typing import Any

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.tables import Customer, Invoice, PaymentMethod, Subscription

# What the databases write differently, as little of it as somebody who writes for one of them would need.
SQLITE = {
    "object": "json_object",
    "list": "json_group_array",
    "json": "json",
    "yes_or_no": "json(CASE {0} WHEN 1 THEN 'true' ELSE 'false' END)",
    "time": "replace(substr({0}, 1, 19), ' ', 'T') || 'Z'",
}
POSTGRESQL = {
    "object": "json_build_object",
    "list": "json_agg",
    "json": "",
    "yes_or_no": "{0}",
    "time": """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""",
}
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def statements(dialect: str) -> tuple[str, str]:
    """The statements for "one", which takes `:id`, and for "list"; both give the answer as text."""
    words = DIALECTS[dialect]
    make, customer = words["object"], _customer(words)
    one = f"SELECT CAST({make}('customer', {customer}) AS VARCHAR) FROM customers c WHERE c.id = :id"  # noqa: S608
    edges = _edges(words, "SELECT * FROM customers ORDER BY created_at DESC, id DESC LIMIT 20", customer, "c")
    return one, f"SELECT CAST({make}('customers', {edges}) AS VARCHAR)"


def _customer(words: dict[str, str]) -> str:
    make, time, yes_or_no = words["object"], words["time"].format, words["yes_or_no"].format
    method = (
        f"{make}('id', 'payment_method_' || m.id, 'stripeId', m.stripe_id, 'createdAt', {time('m.created_at')},"
        " 'brand', m.brand, 'last4', m.last4, 'expMonth', m.exp_month, 'expYear', m.exp_year)"
    )
    subscription = (
        f"{make}('id', 'subscription_' || s.id, 'status', upper(s.status),"
        f" 'cancelAtPeriodEnd', {yes_or_no('s.cancel_at_period_end')}, 'currentPeriod',"
        f" {make}('start', {time('s.current_period_start')}, 'end', {time('s.current_period_end')}))"
    )
    # All amounts are US dollars here.
    total = "CAST(i.total / 100 AS VARCHAR) || '.' || substr(CAST(100 + i.total % 100 AS VARCHAR), 2)"
    invoice = (
        f"{make}('id', 'invoice_' || i.id, 'number', i.number, 'status', upper(i.status),"
        f" 'total', {make}('amount', {total}, 'currency', i.currency), 'createdAt', {time('i.created_at')})"
    )
    return (
        f"{make}('id', 'customer_' || c.id, 'externalId', c.external_id, 'email', c.email, 'name', c.name,"
        f" 'paymentMethods', {_edges(words, _newest('payment_methods', 20), method, 'm')},"
        f" 'subscriptions', {_edges(words, _newest('subscriptions', 20), subscription, 's')},"
        f" 'invoices', {_edges(words, _newest('invoices', 5), invoice, 'i')})"
    )


def _newest(table: str, count: int) -> str:
    return f"SELECT * FROM {table} WHERE customer_id = c.id ORDER BY created_at DESC, id DESC LIMIT {count}"  # noqa: S608


def _edges(words: dict[str, str], rows: str, node: str, alias: str) -> str:
    make = words["object"]
    edges = f"(SELECT coalesce({words['list']}({make}('node', {node})), '[]') FROM ({rows}) {alias})"  # noqa: S608
    return f"{make}('edges', {words['json']}({edges}))"


async def one(session: AsyncSession, customer_id: Any) -> dict[str, Any]:
    """The answer to "one" with a select for the customer and one for each relation."""
    found = (await session.exec(select(Customer).where(Customer.id == customer_id))).one()
    return {"customer": await customer_of(session, found)}


async def many(session: AsyncSession) -> dict[str, Any]:
    """The answer to "list" with a select for the customers and one for each relation of each of them."""
    newest = select(Customer).order_by(col(Customer.created_at).desc(), col(Customer.id).desc()).limit(20)
    found = (await session.exec(newest)).all()
    return {"customers": edges([await customer_of(session, each) for each in found])}


async def customer_of(session: AsyncSession, customer: Customer) -> dict[str, Any]:
    """A customer, and three selects for what belongs to it."""
    return {
        "id": f"customer_{customer.id}",
        "externalId": customer.external_id,
        "email": customer.email,
        "name": customer.name,
        "paymentMethods": edges([method(each) for each in await newest_of(session, PaymentMethod, customer, 20)]),
        "subscriptions": edges([subscription(each) for each in await newest_of(session, Subscription, customer, 20)]),
        "invoices": edges([invoice(each) for each in await newest_of(session, Invoice, customer, 5)]),
    }


async def newest_of(session: AsyncSession, table: Any, customer: Customer, count: int) -> list[Any]:
    """The customer's rows of a table."""
    owned = select(table).where(table.customer_id == customer.id)
    return list((await session.exec(owned.order_by(table.created_at.desc(), table.id.desc()).limit(count))).all())


def edges(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """A connection."""
    return {"edges": [{"node": each} for each in nodes]}


def method(row: PaymentMethod) -> dict[str, Any]:
    """A card."""
    card = {"brand": row.brand, "last4": row.last4, "expMonth": row.exp_month, "expYear": row.exp_year}
    return {**identity(row, "payment_method"), "stripeId": row.stripe_id, "createdAt": instant(row.created_at), **card}


def subscription(row: Subscription) -> dict[str, Any]:
    """A subscription."""
    return {
        **identity(row, "subscription"),
        "status": row.status.upper(),
        "cancelAtPeriodEnd": row.cancel_at_period_end,
        "currentPeriod": {"start": instant(row.current_period_start), "end": instant(row.current_period_end)},
    }


def invoice(row: Invoice) -> dict[str, Any]:
    """An invoice in US dollars."""
    return {
        **identity(row, "invoice"),
        "number": row.number,
        "status": row.status.upper(),
        "total": {"amount": f"{row.total // 100}.{row.total % 100:02}", "currency": row.currency},
        "createdAt": instant(row.created_at),
    }


def identity(row: SQLModel, noun: str) -> dict[str, str]:
    """Its id as clients know it."""
    return {"id": f"{noun}_{row.id}"}  # type: ignore[attr-defined]


def instant(at: datetime | None) -> str | None:
    """A time as clients see it."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
