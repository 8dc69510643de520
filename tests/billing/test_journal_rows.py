"""The journal: statements that change many rows, and rows that are shown by another object."""

from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update
from sqlmodel import col

from billing.database import Database
from billing.tables import InvoiceLine, Payment, Price, SubscriptionItem
from tests import factories as make
from tests.billing.test_journal import told, written

ROOT = Path(__file__).parent.parent.parent


async def test_statements_that_change_many_rows_are_told_row_by_row(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        some = [await make.create_payment(session, customer, description=each) for each in "ab"]
        await make.create_payment(session, customer, description="c")
    async with database.transaction() as session:
        held = await session.get_one(Payment, some[0].id)
        statement = update(Payment).where(col(Payment.description).in_(["a", "b"])).values(status="canceled")
        await session.exec(statement.execution_options(synchronize_session=False))
        held.description = "z"  # the session does not know what the statement did to the row, and sets a field of it
        session.add(held)
    first, second = (await written(database))[-2:]
    assert told(first) == {"status": ("SUCCEEDED", "CANCELED"), "description": ("a", "z")}
    assert told(second) == {"status": ("SUCCEEDED", "CANCELED")}


async def test_rows_of_journaled_tables_are_not_inserted_past_the_session(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(NotImplementedError, match="journaled"):
            await session.exec(insert(Price).values(stripe_id="price_1"))


async def test_items_are_a_list_of_their_subscription(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        subscription = await make.create_subscription(session, customer)
        price = await make.create_price(session)
        item = await make.create_subscription_item(session, subscription, price, quantity=1)
        other = await make.create_subscription_item(session, subscription, price, quantity=5)
    async with database.transaction() as session:
        row = await session.get_one(SubscriptionItem, item.id)
        row.quantity = 2
        session.add(row)
        await session.exec(delete(SubscriptionItem).where(col(SubscriptionItem.id) == other.id))
    change = (await written(database))[-1]
    assert (change.noun, change.node_id, change.owner_id) == ("subscription", subscription.id, customer.id)
    [(before, after)] = told(change).values()
    assert [each["quantity"] for each in before] == [1, 5]
    assert [each["quantity"] for each in after] == [2]
    assert after[0]["price"] == item.price_stripe_id


async def test_lines_that_are_made_anew_as_they_were_are_no_change(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        invoice = await make.create_invoice(session, customer)
        line = await make.create_invoice_line(session, invoice)
    count = len(await written(database))
    async with database.transaction() as session:
        await session.exec(delete(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice.id))
        session.add(InvoiceLine(**line.model_dump(exclude={"id"})))
    assert len(await written(database)) == count


async def test_what_belongs_to_another_object_is_told_of_that_one(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        method = await make.create_payment_method(session, customer)
        mandate = await make.create_mandate(session, method, status="active")
    async with database.transaction() as session:
        mandate.status = "inactive"
        session.add(mandate)
    change = (await written(database))[-1]
    assert (change.noun, change.node_id, change.owner_id) == ("payment_method", method.id, customer.id)
    assert told(change) == {"status": ("USABLE", "MANDATE_INACTIVE")}


async def test_what_belongs_to_nobody_yet_is_not_told(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        await make.create_setup_intent(session, customer)
    assert [each.noun for each in await written(database)] == ["customer"]


# Statements on a bare connection are seen by nobody: of a waking, of events and what else is not journaled, of a look,
# and the journal's own.
ON_A_CONNECTION = (
    "billing/condition.py",
    "billing/inbox/",
    "billing/journal/",
    "billing/migrations.py",
    "billing/notifications.py",
    "billing/recovery/sweeping.py",
    "billing/signals.py",
)


def test_nobody_else_writes_past_the_session() -> None:
    billing = (ROOT / "billing").rglob("*.py")
    files = [str(each.relative_to(ROOT)) for each in billing if "session.connection()" in each.read_text()]
    assert [each for each in files if not each.startswith(ON_A_CONNECTION)] == []
