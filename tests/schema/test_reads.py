"""Reads: what is selected, in one statement, the same on both databases."""

from datetime import timedelta

import pytest
from graphql import GraphQLSchema
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.database import Database
from tests import factories as make
from tests.factories import NOW
from tests.schema.conftest import KEY, Client, token_of
from tests.schema.documents import selection
from tests.schema.worlds import create_world

METHODS = (
    "paymentMethods(first: 2) { edges { node { __typename id label status ... on CardPaymentMethod { last4 } } } }"
)
SUBSCRIPTIONS = "subscriptions { edges { node { id status items { price { unitAmount { amount } } } } } }"
INVOICES = "invoices(first: 5) { edges { node { id total { amount currency } } } pageInfo { hasNextPage endCursor } }"
PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
LIST = (
    f"query ($n: Int) {{ customers(first: $n) {{ edges {{ node {{ id {METHODS} {SUBSCRIPTIONS} {INVOICES} }} }} }} }}"
)


async def create_subscriber(session: AsyncSession) -> None:
    """A customer with a method, a subscription and six invoices."""
    customer = await make.create_customer(session)
    await make.create_payment_method(session, customer)
    subscription = await make.create_subscription(session, customer)
    await make.create_subscription_item(session, subscription, await make.create_price(session))
    for number in range(6):
        created = NOW + timedelta(days=number)
        await make.create_invoice(session, customer, created_at=created, total=100 * number)


async def test_a_page_of_customers_costs_one_statement_however_long_it_is(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        for _ in range(100):
            await create_subscriber(session)
    for first in (1, 10, 100):
        client.statements.clear()
        data = await client.ask(LIST, n=first)
        edges = data["customers"]["edges"]
        assert len(edges) == first
        assert all(len(each["node"]["invoices"]["edges"]) == 5 for each in edges)
        assert len(client.statements) == 1


async def test_lists_keep_their_order_under_every_parent(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        for _ in range(30):
            await create_subscriber(session)
    data = await client.ask(LIST, n=30)
    for each in data["customers"]["edges"]:
        amounts = [edge["node"]["total"]["amount"] for edge in each["node"]["invoices"]["edges"]]
        assert amounts == ["5.00", "4.00", "3.00", "2.00", "1.00"]


@pytest.mark.parametrize("caller", ["key", "customer"])
async def test_everything_can_be_selected_at_once(
    unlimited: Client, database: Database, graphql_schema: GraphQLSchema, caller: str
) -> None:
    async with database.transaction() as session:
        world = await create_world(session)
    wanted = selection(graphql_schema, graphql_schema.type_map["Customer"], 2)
    asking = KEY if caller == "key" else token_of(world.customer)
    unlimited.statements.clear()
    data = await unlimited.ask(f"query ($id: ID!) {{ customer(id: $id) {wanted} }}", asking, id=world.ids["customer"])
    assert len(unlimited.statements) == 1
    assert data["customer"]["subscriptions"]["edges"][0]["node"]["latestInvoice"]["id"] == world.ids["invoice"]
