"""Reads: what is selected, as one statement, the same on both databases."""

from billing.database import Database
from tests import factories as make
from tests.schema.conftest import Client

LIST = """
query ($first: Int) {
  customers(first: $first) {
    edges {
      cursor
      node {
        id
        paymentMethods(first: 2) { edges { node { __typename id label status isDefault ... on CardPaymentMethod { last4 } } } }
        subscriptions { edges { node { id status items { quantity price { unitAmount { amount currency } } } } } }
        invoices(first: 5) { edges { node { id total { amount currency } } } pageInfo { hasNextPage endCursor } }
      }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


async def a_customer_with_everything(session) -> None:
    customer = await make.create_customer(session)
    await make.create_payment_method(session, customer)
    subscription = await make.create_subscription(session, customer)
    await make.create_subscription_item(session, subscription, await make.create_price(session))
    for _ in range(6):
        await make.create_invoice(session, customer, subscription_stripe_id=subscription.stripe_id)


async def test_a_page_of_customers_costs_one_statement_however_long_it_is(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        for _ in range(100):
            await a_customer_with_everything(session)
    for first in (1, 10, 100):
        client.statements.clear()
        data = await client.ask(LIST, first=first)
        assert len(data["customers"]["edges"]) == first
        assert len(client.statements) == 1
