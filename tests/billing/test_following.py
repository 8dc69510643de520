"""Following the journal: over any number of disconnects, with commits in any order, nothing is lost or told twice."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select

from billing.database import Database
from billing.journal import tail as tails
from billing.journal.following import CursorExpired, Scope, follow
from billing.journal.pruning import prune
from billing.journal.tail import News, Tail
from billing.signals import Signals
from billing.tables import Change, Customer, JournalHead
from tests import factories as make
from tests.billing.test_journal import runtime_at
from tests.factories import NOW

DISCONNECTS = 1000
WRITERS, WRITES = 6, 60


async def rename(database: Database, customer: Customer, name: str, held: float = 0) -> None:
    """One change; the transaction is held open after it was written down, so others come and go meanwhile."""
    async with database.transaction() as session:
        await make.create_payment(session, customer, description=name)
        if held:
            await asyncio.sleep(held)


async def everything(database: Database) -> list[UUID]:
    async with database.read() as session:
        return list((await session.exec(select(Change.id).order_by(col(Change.position)))).all())


async def place_of(database: Database, change_id: UUID) -> int:
    async with database.read() as session:
        return (await session.exec(select(Change.position).where(Change.id == change_id))).one()


@pytest.fixture
async def customer(database: Database) -> Customer:
    async with database.transaction() as session:
        return await make.create_customer(session)


async def test_a_thousand_disconnects_lose_nothing_and_tell_nothing_twice(
    database: Database, customer: Customer
) -> None:
    """Transactions stay open for random times while others commit; whoever follows is cut off after every few rows."""
    chance = random.Random(19)  # noqa: S311 - the same each time
    runtime = runtime_at(database)

    async def write(writer: int) -> None:
        for number in range(WRITES):
            held = chance.random() * 0.02 if database.dialect == "postgresql" else 0
            await rename(database, customer, f"{writer}-{number}", held)
            await asyncio.sleep(chance.random() * 0.02)

    writing = asyncio.gather(*(write(each) for each in range(WRITERS)))
    told: list[UUID] = []
    cursor, cuts = 0, 0
    total = WRITERS * WRITES + 1
    while cuts < DISCONNECTS or len(told) < total:
        async with aclosing(follow(database, runtime.tail, Scope(), cursor)) as following:
            for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 5))):
                if len(told) == total:
                    break
                told.append(await asyncio.wait_for(anext(following), 30))
                cursor = await place_of(database, told[-1])
        cuts += 1
    await writing
    assert told == await everything(database)


async def test_a_late_commit_is_told_in_its_turn(postgres_database: Database) -> None:
    """A transaction that has written first and commits last is not passed over by those that come between."""
    database = postgres_database
    async with database.transaction() as session:
        customer = await make.create_customer(session)
    runtime = runtime_at(database)
    async with aclosing(follow(database, runtime.tail, Scope(), 1)) as following:
        async with database.transaction() as late:
            await make.create_payment(late, customer)
            await rename(database, customer, "between")
            first = await asyncio.wait_for(anext(following), 10)
        second = await asyncio.wait_for(anext(following), 10)
        assert [first, second] == (await everything(database))[1:]


async def test_without_a_cursor_it_begins_with_what_comes(database: Database, customer: Customer) -> None:
    runtime = runtime_at(database)
    async with aclosing(follow(database, runtime.tail, Scope(), None)) as following:
        next_ = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.1)
        assert not next_.done()
        await rename(database, customer, "new")
        assert await asyncio.wait_for(next_, 10) == (await everything(database))[-1]


async def test_each_hears_of_his_own_customer_alone(database: Database, customer: Customer) -> None:
    runtime = runtime_at(database)
    async with database.transaction() as session:
        other = await make.create_customer(session)
    scope = Scope(customer.id, customer.id)
    async with aclosing(follow(database, runtime.tail, scope, 2)) as following:
        await rename(database, other, "theirs")
        await rename(database, customer, "ours")
        await rename(database, other, "theirs")
        assert await asyncio.wait_for(anext(following), 10) == (await everything(database))[-2]


async def test_one_who_is_slow_holds_up_nobody_and_misses_nothing(
    database: Database, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "ROOM", 3)
    runtime = runtime_at(database)

    async def take(from_: AsyncIterator[UUID], number: int) -> list[UUID]:
        return [await asyncio.wait_for(anext(from_), 10) for _ in range(number)]

    async with (
        aclosing(follow(database, runtime.tail, Scope(), 0)) as slow,
        aclosing(follow(database, runtime.tail, Scope(), 0)) as quick,
    ):
        await take(slow, 1)
        await take(quick, 1)
        waiting = asyncio.ensure_future(anext(slow))
        for number in range(20):
            await rename(database, customer, str(number))
            await take(quick, 1)
        rest = [await waiting, *await take(slow, 19)]
    assert rest == (await everything(database))[1:]


async def test_one_tail_reads_for_all(database: Database, customer: Customer) -> None:
    """Whoever waits asks the database nothing: there are no more reads for fifty who follow than for one."""
    runtime = runtime_at(database)
    reads = 0
    page = Tail._page

    async def counted(tail: Tail) -> list[News]:
        nonlocal reads
        reads += 1
        return await page(tail)

    async def one() -> None:
        async with aclosing(follow(database, runtime.tail, Scope(), 1)) as following:
            await anext(following)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tail, "_page", counted)
        everyone = [asyncio.ensure_future(one()) for _ in range(50)]
        await asyncio.sleep(0.5)
        before = reads
        await rename(database, customer, "x")
        await asyncio.wait_for(asyncio.gather(*everyone), 20)
    assert reads - before <= 3


async def test_a_cursor_that_the_journal_does_not_reach_is_expired(database: Database, customer: Customer) -> None:
    await rename(database, customer, "x")
    runtime = runtime_at(database, clock=lambda: NOW + timedelta(days=9_000), journal_retention=timedelta(days=1))
    assert await prune(runtime) == 2
    for cursor in (0, 1, 3):
        async with aclosing(follow(database, runtime.tail, Scope(), cursor)) as following:
            with pytest.raises(CursorExpired):
                await anext(following)
    async with aclosing(follow(database, runtime.tail, Scope(), 2)) as following:
        next_ = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.1)
        await rename(database, customer, "y")
        assert await asyncio.wait_for(next_, 10)


async def test_a_tail_that_cannot_read_tries_again_and_passes_over_nothing(
    database: Database, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "REST", 0.05)
    runtime = runtime_at(database)
    page, failures = Tail._page, 3

    async def sometimes(tail: Tail) -> list[News]:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError("away")
        return await page(tail)

    async with aclosing(follow(database, runtime.tail, Scope(), 1)) as following:
        next_ = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.1)
        monkeypatch.setattr(Tail, "_page", sometimes)
        await rename(database, customer, "x")
        await rename(database, customer, "y")
        assert [await asyncio.wait_for(next_, 10), await asyncio.wait_for(anext(following), 10)] == (
            await everything(database)
        )[1:]


async def test_what_another_process_commits_is_heard_by_polling(database: Database, customer: Customer) -> None:
    mine = Tail(database, Signals())
    async with aclosing(follow(database, mine, Scope(), 1)) as following:
        next_ = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.1)
        await rename(database, customer, "x")  # announced by nobody
        assert await asyncio.wait_for(next_, 10) == (await everything(database))[-1]


async def test_the_head_tells_how_far_the_journal_has_come(database: Database, customer: Customer) -> None:
    async with database.read() as session:
        assert (await session.exec(select(JournalHead.position))).one() == 1
