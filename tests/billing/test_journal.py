"""The journal: whatever changes a row that callers can see is written down with it."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from billing import consents
from billing.callers import Caller
from billing.database import Database
from billing.journal import Cause, because, caused_by
from billing.journal.pruning import prune
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import (
    Change,
    Consent,
    Customer,
    JournalHead,
    Subscription,
)
from tests import factories as make
from tests.factories import NOW


async def written(database: Database, **of: Any) -> list[Change]:
    """Everything in the journal, or what these columns select."""
    statement = select(Change).order_by(col(Change.position))
    for name, value in of.items():
        statement = statement.where(getattr(Change, name) == value)
    async with database.read() as session:
        return list((await session.exec(statement)).all())


def told(change: Change) -> dict[str, Any]:
    """Its fields, each with what it was and what it is."""
    return {each["field"]: (each["before"], each["after"]) for each in (*change.fields, *change.merchant_fields)}


async def a_customer(database: Database, **changes: Any) -> Customer:
    async with database.transaction() as session:
        return await make.create_customer(session, **changes)


async def test_a_new_row_is_told_with_its_values_and_its_cause(database: Database) -> None:
    with caused_by(Cause.mutation("createCustomer", "backend")):
        customer = await a_customer(database, name="Ada", stripe_metadata={"plan": "gold"})
    [change] = await written(database)
    assert (change.noun, change.node_id, change.customer_id, change.owner_id) == ("customer", *[customer.id] * 3)
    assert (change.cause_kind, change.cause_reference, change.actor) == ("MUTATION", "createCustomer", "backend")
    assert told(change)["name"] == (None, "Ada")
    assert [each["field"] for each in change.merchant_fields] == ["metadata"]
    assert "deletedAt" not in told(change)


async def test_a_customers_own_call_has_no_actor(database: Database) -> None:
    with caused_by(Cause.mutation("updateCustomer", "CUSTOMER")):
        await a_customer(database)
    [change] = await written(database)
    assert (change.cause_reference, change.actor) == ("updateCustomer", None)


async def test_several_writes_of_a_row_are_one_change_from_the_first_value_to_the_last(database: Database) -> None:
    customer = await a_customer(database, name="Ada")
    async with database.transaction() as session:
        row = await session.get_one(Customer, customer.id)
        for name in ("Grace", "Edsger"):
            row.name = name
            session.add(row)
            await session.flush()
    assert told((await written(database))[-1]) == {"name": ("Ada", "Edsger")}


async def test_what_is_as_it_was_in_the_end_or_is_shown_to_nobody_is_not_told(database: Database) -> None:
    customer = await a_customer(database, name="Ada")
    async with database.transaction() as session:
        row = await session.get_one(Customer, customer.id)
        row.name, row.redacted_at = "Grace", NOW
        session.add(row)
        await session.flush()
        row.name = "Ada"
        session.add(row)
    assert len(await written(database)) == 1


async def test_nothing_is_told_of_what_is_rolled_back(database: Database) -> None:
    customer = await a_customer(database, name="Ada")
    with suppress(ZeroDivisionError):
        async with database.transaction() as session:
            await make.create_customer(session)
            raise ZeroDivisionError
    async with database.transaction() as session:
        row = await session.get_one(Customer, customer.id)
        with suppress(ZeroDivisionError):
            async with session.begin_nested():
                row.name = "Grace"
                session.add(row)
                await make.create_customer(session)
                raise ZeroDivisionError
    assert len(await written(database)) == 1


async def test_a_value_that_was_not_loaded_before_it_was_set_is_told_from_the_database(database: Database) -> None:
    customer = await a_customer(database, name="Ada")
    async with database.transaction() as session:
        row = await session.get_one(Customer, customer.id)
        session.expire(row)
        row.name = "Grace"
        session.add(row)
    assert told((await written(database))[-1]) == {"name": ("Ada", "Grace")}


async def test_each_cause_in_a_transaction_has_changes_of_its_own(database: Database) -> None:
    customer = await a_customer(database, name="Ada")
    async with database.transaction() as session:
        row = await session.get_one(Customer, customer.id)
        for name in ("Grace", "Edsger"):
            await because(session, Cause.event(f"evt_{name}"))
            row.name = name
            session.add(row)
    found = [(each.cause_kind, each.cause_reference, told(each)["name"]) for each in await written(database)][1:]
    assert found == [
        ("STRIPE_EVENT", "evt_Grace", ("Ada", "Grace")),
        ("STRIPE_EVENT", "evt_Edsger", ("Grace", "Edsger")),
    ]


async def test_positions_have_no_gaps_and_follow_the_commits(database: Database) -> None:
    async def write() -> None:
        for _ in range(5):
            async with database.transaction() as session:
                await make.create_price(session)
                await asyncio.sleep(0)

    async def watch() -> None:
        known = 0
        while known < 40:
            async with database.read() as session:
                found = (await session.exec(select(Change.position).order_by(col(Change.position)))).all()
                head = (await session.exec(select(JournalHead.position))).one()
            assert list(found) == list(range(1, head + 1))
            known = head

    await asyncio.gather(watch(), *(write() for _ in range(4)))


async def test_a_redaction_takes_personal_values_out_and_leaves_that_they_were(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session, name="Ada", stripe_metadata={"shoe": "38"})
        await make.create_consent(session, customer, ip_address="192.0.2.7")
        await make.create_payment_method(session, customer, billing_email="ada@amazon.example")
        other = await make.create_customer(session, name="Grace")
    with caused_by(Cause.mutation("redactCustomer", "backend")):
        async with database.transaction() as session:
            await consents.redact(session, Caller("backend"), customer_id=customer.id, now=NOW)
    found = await written(database, customer_id=customer.id)
    text = " ".join(str(told(each)) for each in found)
    for each in ("Ada", str(customer.email), "shoe", "192.0.2.7", "ada@amazon.example"):
        assert each not in text
    assert customer.external_id in text
    last = [each for each in found if each.cause_reference == "redactCustomer"]
    assert {each.noun for each in last} == {"customer", "consent", "payment_method"}
    assert {name: told(last[0])[name] for name in ("name", "email")} == dict.fromkeys(("name", "email"), (None, None))
    assert told((await written(database, customer_id=other.id))[0])["name"] == (None, "Grace")


def runtime_at(database: Database, **more: Any) -> Runtime:
    gateway = StripeGateway("sk_test_00000000", account="acct_test", base="http://127.0.0.1:9")
    return Runtime(database, gateway, allows_redirect=lambda _: True, **more)


async def test_what_is_older_than_it_is_kept_is_pruned_and_how_far_is_known(database: Database) -> None:
    runtime_at(database, clock=lambda: NOW - timedelta(days=31))
    await a_customer(database)
    await a_customer(database)
    runtime_at(database, clock=lambda: NOW - timedelta(days=29))
    await a_customer(database)
    assert await prune(runtime_at(database, clock=lambda: NOW)) == 0
    assert await prune(runtime_at(database, clock=lambda: NOW, journal_retention=timedelta(days=30))) == 2
    assert [each.position for each in await written(database)] == [3]
    async with database.read() as session:
        assert (await session.exec(select(JournalHead.position, JournalHead.pruned_to))).one() == (3, 2)


async def test_the_journal_goes_on_counting_when_all_of_it_was_pruned(database: Database) -> None:
    runtime = runtime_at(database, clock=lambda: NOW, journal_retention=timedelta(days=1))
    runtime_at(database, clock=lambda: NOW - timedelta(days=2))
    await a_customer(database)
    assert await prune(runtime) == 1
    await a_customer(database)
    assert [each.position for each in await written(database)] == [2]


async def test_consents_and_subscriptions_tell_what_the_api_shows(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        consent = await make.create_consent(session, customer)
        subscription = await make.create_subscription(session, customer, status="active")
    async with database.transaction() as session:
        row = await session.get_one(Consent, consent.id)
        row.revoked_at = NOW
        held = await session.get_one(Subscription, subscription.id)
        held.status, held.paused_at, held.pause_collection_only = "past_due", NOW, True
        session.add_all([row, held])
    revoked, stopped = (await written(database))[-2:]
    assert told(revoked) == {"status": ("ACTIVE", "REVOKED"), "revokedAt": (None, "2026-11-23T18:00:00Z")}
    assert told(stopped) == {
        "status": ("ACTIVE", "PAST_DUE"),
        "stripeStatus": ("active", "past_due"),
        "pause": (None, {"since": "2026-11-23T18:00:00Z", "resumesAt": None, "collectionOnly": True}),
    }
