"""Live fields over real sockets: states, changes, resuming, and the end of a credential."""

import asyncio
import json
import random
from typing import Any

import pytest
from sqlmodel import col, select
from websockets.asyncio.client import ClientConnection

from billing import keys
from billing.database import Database
from billing.runtime import Runtime
from billing.tables import Change, Customer
from tests import factories as make
from tests.api.conftest import Clock
from tests.api.test_sockets import closing_code, conversation, heard, tell

pytestmark = pytest.mark.usefixtures("look_often")

CHANGES = "subscription ($of: ID, $after: String) { changes(customerId: $of, after: $after) { cursor nodeId } }"
CUSTOMER = "subscription ($id: ID!) { customer(id: $id) { name subscriptions { edges { node { status } } } } }"
SUBSCRIPTION = "subscription ($id: ID!) { subscription(id: $id) { status latestInvoice { status } } }"
DISCONNECTS = 40


async def subscribe(socket: ClientConnection, query: str, **variables: Any) -> None:
    assert (await heard(socket))["type"] == "connection_ack"
    await tell(socket, type="subscribe", id="1", payload={"query": query, "variables": variables})


async def data_of(socket: ClientConnection) -> Any:
    message = await heard(socket)
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    return message["payload"]["data"]


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


async def test_a_customer_is_sent_at_once_and_after_each_change_of_what_is_shown(
    address: str, database: Database, customer: Customer, token: str
) -> None:
    async with conversation(address, bearer(token)) as socket:
        await subscribe(socket, CUSTOMER, id=f"customer_{customer.id}")
        assert (await data_of(socket))["customer"]["subscriptions"] == {"edges": []}
        async with database.transaction() as session:
            row = await session.get_one(Customer, customer.id)
            row.default_payment_method_stripe_id = "pm_x"  # which is not asked for
            session.add(row)
        async with database.transaction() as session:
            subscription = await make.create_subscription(session, customer, status="active")
        assert (await data_of(socket))["customer"]["subscriptions"]["edges"] == [{"node": {"status": "ACTIVE"}}]
        async with database.transaction() as session:
            subscription.status = "past_due"
            session.add(subscription)
        assert (await data_of(socket))["customer"]["subscriptions"]["edges"] == [{"node": {"status": "PAST_DUE"}}]


async def test_a_subscription_is_sent_again_when_its_invoice_changes(
    address: str, database: Database, customer: Customer, key: str
) -> None:
    async with database.transaction() as session:
        invoice = await make.create_invoice(session, customer, status="open")
        it = await make.create_subscription(session, customer, latest_invoice_stripe_id=invoice.stripe_id)
    async with conversation(address, bearer(key)) as socket:
        await subscribe(socket, SUBSCRIPTION, id=f"subscription_{it.id}")
        assert (await data_of(socket))["subscription"]["latestInvoice"] == {"status": "OPEN"}
        async with database.transaction() as session:
            invoice.status = "paid"
            session.add(invoice)
        assert (await data_of(socket))["subscription"]["latestInvoice"] == {"status": "PAID"}


@pytest.mark.parametrize("field", ["customer", "subscription"])
async def test_what_a_customer_does_not_see_is_not_found(
    address: str, database: Database, token: str, field: str
) -> None:
    async with database.transaction() as session:
        other = await make.create_customer(session)
        theirs = await make.create_subscription(session, other)
    row_id = {"customer": other.id, "subscription": theirs.id}[field]
    for asked in (f"{field}_{row_id}", "x", f"{field}_00000000-0000-0000-0000-000000000000"):
        async with conversation(address, bearer(token)) as socket:
            await subscribe(socket, f"subscription ($id: ID!) {{ {field}(id: $id) {{ id }} }}", id=asked)
            assert "NOT_FOUND" in json.dumps(await heard(socket))
    async with conversation(address, bearer(token)) as socket:
        await subscribe(socket, CHANGES, of=f"customer_{other.id}")
        assert "NOT_FOUND" in json.dumps(await heard(socket))


async def test_a_token_follows_its_own_changes_and_no_others(
    address: str, database: Database, customer: Customer, token: str
) -> None:
    async with conversation(address, bearer(token)) as socket:
        await subscribe(socket, CHANGES, after="0")
        async with database.transaction() as session:
            other = await make.create_customer(session)
            await make.create_payment(session, other)
            mine = await make.create_payment(session, customer)
        found = [(await data_of(socket))["changes"]["nodeId"] for _ in range(2)]
        assert found == [f"customer_{customer.id}", f"payment_{mine.id}"]


@pytest.mark.parametrize("cursor", ["x", "999"])
async def test_a_cursor_that_leads_nowhere_is_told(address: str, key: str, cursor: str) -> None:
    async with conversation(address, bearer(key)) as socket:
        await subscribe(socket, CHANGES, after=cursor)
        assert {"x": "BAD_USER_INPUT", "999": "CURSOR_EXPIRED"}[cursor] in json.dumps(await heard(socket))


async def test_whoever_comes_back_with_a_cursor_misses_nothing(
    address: str, database: Database, customer: Customer, key: str
) -> None:
    chance = random.Random(4)  # noqa: S311 - the same each time

    async def write() -> None:
        for number in range(DISCONNECTS):
            async with database.transaction() as session:
                await make.create_payment(session, customer, description=str(number))
                await asyncio.sleep(chance.random() * 0.02)

    writing = asyncio.gather(*(write() for _ in range(2)))
    total, cursors = 2 * DISCONNECTS + 1, ["0"]
    for _ in range(DISCONNECTS):
        async with conversation(address, bearer(key)) as socket:
            await subscribe(socket, CHANGES, after=cursors[-1])
            wanted = range(min(chance.randrange(4), total + 1 - len(cursors)))
            cursors += [(await data_of(socket))["changes"]["cursor"] for _ in wanted]
    async with conversation(address, bearer(key)) as socket:
        await subscribe(socket, CHANGES, after=cursors[-1])
        while len(cursors) <= total:
            cursors.append((await data_of(socket))["changes"]["cursor"])
    await writing
    async with database.read() as session:
        positions = (await session.exec(select(Change.position).order_by(col(Change.position)))).all()
    assert cursors[1:] == [str(each) for each in positions]


@pytest.mark.parametrize("query", [CHANGES, CUSTOMER])
async def test_a_live_field_ends_with_its_token(
    address: str, customer: Customer, token: str, clock: Clock, query: str
) -> None:
    async with conversation(address, bearer(token)) as socket:
        variables = {"after": "0"} if query == CHANGES else {"id": f"customer_{customer.id}"}
        await subscribe(socket, query, **variables)
        await data_of(socket)
        clock.now = clock.now.replace(year=clock.now.year + 1)
        assert await closing_code(socket) == 4403


async def test_a_live_field_ends_with_its_key(
    address: str, database: Database, runtime: Runtime, customer: Customer, key: str
) -> None:
    async with conversation(address, bearer(key)) as socket:
        await subscribe(socket, CHANGES, after="0")
        await data_of(socket)
        async with database.transaction() as session:
            await keys.revoke(session, runtime.signals, "admin", customer.created_at)
        assert await closing_code(socket) == 4403
