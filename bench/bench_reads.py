"""How many GraphQL reads per second one process answers, from the document to the answer's JSON, without HTTP.

Beside them: the executor over the same statements, one statement written by hand that gives the same JSON through the
same connections, and rows of the ORM with a select per relation and customer, as resolvers would do it (but with no
GraphQL around them, which would cost more). The ways take turns within each round, so that all meet the same noise.
"""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, event, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench import reads_by_hand
from bench.measuring import Measured, migrated, running_databases
from billing.callers import Caller
from billing.compiled import DIALECTS, Compiled
from billing.database import Database
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import Customer, Identifier, KeyScope
from schema.build import build
from schema.context import Context
from schema.reads.documents import Documents
from tests import factories as make

CUSTOMERS = 1000
CALLERS = 8
ROUNDS = 3
SECONDS = 0.8  # a way's turn in a round

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

Answer = Callable[[UUID], Awaitable[str]]


class Hoarding(AsyncSession):
    """Writes everything at the commit, many rows at once; the factories would write each."""

    async def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Nothing yet."""


@dataclass
class Way:
    """One way to answer: the JSON for a customer's id, which "list" does not look at."""

    name: str
    answer: Answer
    measured: Measured = field(default_factory=Measured)


def main() -> None:
    """Measures both databases and prints."""
    print(
        f"Reads: {CUSTOMERS} customers with 2 methods, 1 subscription, 6 invoices; {CALLERS} callers, {ROUNDS} rounds"
    )
    with running_databases() as (_, urls):
        for name, url in urls.items():
            asyncio.run(measure(name, url))


async def measure(name: str, url: str) -> None:
    """Both queries on one database."""
    async with migrated(url) as database:
        await fill(database)
        async with database.read() as session:
            ids = list((await session.exec(select(Customer.id).order_by(col(Customer.stripe_id)))).all())
        print(f"\n{name}")
        for query, ways in ways_of(database).items():
            size = await compare(ways, ids[0])
            statements = [await count_statements(database, way, ids[0]) for way in ways]
            for _, way in itertools.product(range(ROUNDS), ways):
                await way.measured.turn(way.answer, itertools.cycle(ids), callers=CALLERS, seconds=SECONDS)
            report(query, size, ways, statements)


async def fill(database: Database) -> None:
    """Stores the customers, and lets the database look at them as it would in its own time."""
    async with Hoarding(database.engine) as hoarding, hoarding.begin():
        for _ in range(CUSTOMERS):
            await create_customer(hoarding)
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


@dataclass(frozen=True)
class Ways:
    """How the schema answers: by one statement, or by the executor."""

    schema: Any
    documents: Documents
    context: Context

    async def at_once(self, document: str, **variables: Any) -> str:
        """As the endpoint does first."""
        prepared = self.documents.find(document, None)
        assert prepared is not None
        answer = await prepared.answer(self.context, variables, None)
        assert answer is not None
        return answer

    async def execute(self, document: str, **variables: Any) -> str:
        """As it does where one statement cannot answer."""
        result = await self.schema.execute(document, variables, self.context)
        assert result.errors is None, result.errors
        return json.dumps(result.data)


def ways_of(database: Database) -> dict[str, list[Way]]:
    """The ways to answer each query; the schema's first."""
    one, many = reads_by_hand.statements(database.dialect)
    schema, gateway = build(), StripeGateway("sk_test_00000000", account="acct_bench")
    context = Context(Runtime(database, gateway, lambda _: False), Caller("bench", KeyScope.READ), "request-1")
    ours = Ways(schema, Documents(schema._schema), context)  # noqa: SLF001 - as the endpoint does

    async def run(statement: Compiled, **bound: Any) -> str:
        return str((await database.reader.fetch(statement, bound))[0])

    async def load(rows: Callable[[AsyncSession], Awaitable[Any]]) -> str:
        async with database.read() as session:
            return json.dumps(await rows(session))

    dialect = DIALECTS[database.dialect]
    one_by_hand = Compiled.of(text(one).bindparams(bindparam("id", type_=Identifier())), dialect)
    many_by_hand = Compiled.of(text(many), dialect)
    return {
        "one": [
            Way("one statement", lambda key: ours.at_once(ONE, id=f"customer_{key}")),
            Way("the executor", lambda key: ours.execute(ONE, id=f"customer_{key}")),
            Way("SQL by hand", lambda key: run(one_by_hand, id=key)),
            Way("ORM, select per relation", lambda key: load(lambda session: reads_by_hand.one(session, key))),
        ],
        "list": [
            Way("one statement", lambda _: ours.at_once(LIST)),
            Way("the executor", lambda _: ours.execute(LIST)),
            Way("SQL by hand", lambda _: run(many_by_hand)),
            Way("ORM, select per relation", lambda _: load(reads_by_hand.many)),
        ],
    }


async def compare(ways: list[Way], customer_id: UUID) -> int:
    """How many characters the answer has, which is the same in all ways."""
    answers = [json.loads(await way.answer(customer_id)) for way in ways]
    assert all(each == answers[0] for each in answers), answers
    return len(json.dumps(answers[0]))


async def count_statements(database: Database, way: Way, customer_id: UUID) -> int:
    """How many statements one answer takes, without those that begin and end the transaction."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    database.reader.on_statement.append(seen.append)
    await way.answer(customer_id)
    database.reader.on_statement.remove(seen.append)
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    return len(seen)


def report(query: str, size: int, ways: list[Way], statements: list[int]) -> None:
    """Prints the absolute numbers and the ratios."""
    print(f"  {query}: {size:,} characters of JSON")
    for way, number in zip(ways, statements, strict=True):
        rate, p99 = way.measured.rate, way.measured.p99
        print(f"    {way.name:26}{rate:8,.0f} answers/s   p99 {p99:7.1f} ms   statements {number:3}")
    ours, executor, by_hand, orm = (way.measured.rate for way in ways)
    print(f"    one statement is {ours / by_hand:.2f} x SQL by hand, {ours / orm:.2f} x the ORM,", end=" ")
    print(f"{ours / executor:.1f} x the executor")


if __name__ == "__main__":
    main()
