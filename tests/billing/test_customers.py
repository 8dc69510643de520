"""Customers: one here and one at Stripe, however often and however much at once."""

import asyncio
import contextlib
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import col, select

from billing import customers, operations
from billing.callers import Caller
from billing.errors import Conflict, InvalidInput, NotFound, StripeUnavailable
from billing.operations import Call
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import Customer, Operation, OperationStatus
from tests.billing.conftest import MERCHANT
from tests.running_sandbox import RunningSandbox, free_port
from tests.sandbox_client import KEY


async def rows(runtime: Runtime) -> list[Customer]:
    async with runtime.database.read() as session:
        return list((await session.exec(select(Customer))).all())


async def at_stripe(runtime: Runtime, external_id: str) -> list[str]:
    found = await runtime.gateway.list_all("/v1/customers")
    return [each["id"] for each in found if each["metadata"].get("assent_external_id") == external_id]


async def test_a_customer_is_made_here_and_at_stripe(runtime: Runtime) -> None:
    name = f"ada-{uuid4().hex}"
    made, created = await customers.create(
        runtime, MERCHANT, external_id=name, email="ada@example.com", name="Ada", metadata={"plan": "gold"}
    )
    [row] = await rows(runtime)
    assert created
    assert (row.id, row.external_id, row.email, row.name) == (made, name, "ada@example.com", "Ada")
    assert row.stripe_metadata == {"plan": "gold"}
    assert await at_stripe(runtime, name) == [row.stripe_id]


async def test_a_known_external_id_gives_the_same_customer_and_calls_nothing(runtime: Runtime) -> None:
    name = f"ada-{uuid4().hex}"
    first, _ = await customers.create(runtime, MERCHANT, external_id=name, email="ada@example.com")
    second, created = await customers.create(runtime, MERCHANT, external_id=name, email="other@example.com")
    assert (second, created) == (first, False)
    [row] = await rows(runtime)
    assert row.email == "ada@example.com"


async def test_twenty_at_once_make_one(runtime: Runtime) -> None:
    name = f"ada-{uuid4().hex}"
    made = await asyncio.gather(*(customers.create(runtime, MERCHANT, external_id=name) for _ in range(20)))
    assert len({customer_id for customer_id, _ in made}) == 1
    assert len(await rows(runtime)) == len(await at_stripe(runtime, name)) == 1


async def test_a_customer_of_stripes_is_adopted_once(runtime: Runtime, sandbox: RunningSandbox) -> None:
    existing = sandbox.client().v1.customers.create({"email": "old@example.com"})
    name = f"old-{uuid4().hex}"
    made, _ = await customers.create(runtime, MERCHANT, external_id=name, stripe_id=existing.id)
    [row] = await rows(runtime)
    assert (row.id, row.stripe_id, row.email) == (made, existing.id, "old@example.com")
    with pytest.raises(Conflict):
        await customers.create(runtime, MERCHANT, external_id=f"other-{uuid4().hex}", stripe_id=existing.id)
    with pytest.raises(Conflict):
        await customers.create(runtime, MERCHANT, external_id=name, stripe_id="cus_other1")


async def test_every_problem_of_the_input_is_named_at_once(runtime: Runtime) -> None:
    with pytest.raises(InvalidInput) as caught:
        await customers.create(
            runtime, MERCHANT, external_id=" ", email="nobody", metadata={"assent_id": "x", "k" * 41: "y"}
        )
    assert [each.path[1] for each in caught.value.problems] == ["externalId", "email", "metadata", "metadata"]
    assert await rows(runtime) == []


async def test_changes_reach_stripe_and_null_removes_a_key(runtime: Runtime, sandbox: RunningSandbox) -> None:
    name = f"ada-{uuid4().hex}"
    made, _ = await customers.create(
        runtime, MERCHANT, external_id=name, email="ada@example.com", name="Ada", metadata={"a": "1", "b": "2"}
    )
    await customers.update(runtime, MERCHANT, made, {"name": "Ada L.", "metadata": {"a": None, "c": "3"}})
    [row] = await rows(runtime)
    assert (row.name, row.email, row.stripe_metadata) == ("Ada L.", "ada@example.com", {"b": "2", "c": "3"})
    kept = sandbox.client().v1.customers.retrieve(row.stripe_id)
    assert kept.name == "Ada L."
    assert kept.metadata is not None
    assert kept.metadata["c"] == "3"
    assert kept.metadata["assent_external_id"] == name


async def test_a_customers_token_changes_nobody_else(runtime: Runtime) -> None:
    made, _ = await customers.create(runtime, MERCHANT, external_id=f"ada-{uuid4().hex}")
    other = Caller("CUSTOMER", customer_id=uuid4())
    with pytest.raises(NotFound):
        await customers.update(runtime, other, made, {"name": "Eve"})


async def test_what_a_crash_left_behind_is_carried_through(runtime: Runtime) -> None:
    """Reserved and never sent: the sweep makes the customer, without anyone asking again."""
    name = f"ada-{uuid4().hex}"
    intent: dict[str, Any] = {"external_id": name, "email": None, "name": None, "metadata": {}, "stripe_id": None}
    async with runtime.database.transaction() as session:
        await operations.order(session, Call("createCustomer", MERCHANT, name, intent), runtime.clock())
    await operations.sweep(runtime, PROCEDURES)
    [row] = await rows(runtime)
    assert await at_stripe(runtime, name) == [row.stripe_id]


async def test_a_lost_answer_is_followed_by_the_same_customer(runtime: Runtime) -> None:
    """Stripe is away, then back: the second call continues the first one's operation."""
    name = f"ada-{uuid4().hex}"
    nobody = StripeGateway(KEY, account="acct_test", base=f"http://127.0.0.1:{free_port()}")
    away = Runtime(runtime.database, nobody, runtime.allows_redirect)
    with pytest.raises(StripeUnavailable):
        await customers.create(away, MERCHANT, external_id=name)
    await nobody.close()
    assert await rows(runtime) == []
    made, created = await customers.create(runtime, MERCHANT, external_id=name)
    assert created
    async with runtime.database.read() as session:
        [operation] = (await session.exec(select(Operation))).all()
    assert (operation.status, operation.node_id, operation.fence) == (OperationStatus.SUCCEEDED, made, 2)


async def test_an_operation_that_nobody_may_finish_keeps_others_off_its_object(runtime: Runtime) -> None:
    made, _ = await customers.create(runtime, MERCHANT, external_id=f"ada-{uuid4().hex}")
    changes = [customers.update(runtime, MERCHANT, made, {"name": f"Ada {at}"}) for at in range(10)]
    with contextlib.suppress(Conflict):
        await asyncio.gather(*changes)
    async with runtime.database.read() as session:
        done = (await session.exec(select(Operation).where(Operation.mutation == "updateCustomer"))).all()
        customer = await session.get_one(Customer, made)
        last = max(done, key=lambda each: each.updated_at)
        held = (await session.exec(select(Operation).where(col(Operation.status) == "PENDING"))).all()
    assert held == []
    assert customer.name == last.intent["changes"]["name"]
