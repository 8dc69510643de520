"""What is read, and of what: customers with everything, asked for one at a time and twenty at once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, text
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.database import Database
from billing.tables import Customer, Invoice, PaymentMethod, Row, Subscription
from tests import factories as make

CUSTOMERS = 10_000
AT_ONCE = 1000

FIELDS = """
    id externalId email name
    paymentMethods { edges { node {
      id stripeId createdAt ... on CardPaymentMethod { brand last4 expMonth expYear }
    } } }
    subscriptions { edges { node { id status cancelAtPeriodEnd currentPeriod { start end } } } }
    invoices(first: 5) { edges { node { id number status total { amount currency } createdAt } } }
"""
ONE = "query One($id: ID!) { customer(id: $id) {" + FIELDS + "} }"
LIST = "query List { customers(first: 20) { edges { node {" + FIELDS + "} } } }"


class Hoarding(AsyncSession):
    """Keeps what it is given, for many rows to be written at once; the factories would write each."""

    rows: list[Any]

    def add(self, instance: object, _warn: bool = True) -> None:
        """Kept."""
        self.rows.append(instance)

    async def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Nothing yet."""

    async def write(self, *tables: type[Row]) -> None:
        """The rows of these tables, in this order."""
        connection = await self.connection()
        for table in tables:
            rows = [each.model_dump() for each in self.rows if isinstance(each, table)]
            await connection.execute(insert(table), rows)
        self.rows = []


async def fill(database: Database, customers: int = CUSTOMERS) -> None:
    """Stores the customers, and lets the database look at them as it would in its own time."""
    async with Hoarding(database.engine) as hoarding, hoarding.begin():
        hoarding.rows = []
        for number in range(1, customers + 1):
            await create_customer(hoarding)
            if not number % AT_ONCE or number == customers:
                await hoarding.write(Customer, PaymentMethod, Subscription, Invoice)
    async with database.transaction() as session:
        await (await session.connection()).execute(text("ANALYZE"))


async def create_customer(session: AsyncSession) -> None:
    """A customer with everything."""
    customer = await make.create_customer(session)
    subscription = await make.create_subscription(session, customer)
    for _ in range(2):
        await make.create_payment_method(session, customer)
    for _ in range(6):
        await make.create_invoice(session, customer, subscription_stripe_id=subscription.stripe_id)
