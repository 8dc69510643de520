"""How many GraphQL reads per second one process answers, from the document to the answer's JSON, without HTTP.

Beside them: the executor over the same statements, one statement written by hand that gives the same JSON through the
same connections, and rows of the ORM with a select per relation and customer, as resolvers would do it (but with no
GraphQL around them, which would cost more). The ways take turns within each round, so that all meet the same noise.
"""

import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, event, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.measuring import Measured
from bench.reads import by_hand
from bench.reads.questions import LIST, ONE
from billing.callers import Caller
from billing.compiled import DIALECTS, Compiled
from billing.database import Database
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import Customer, Identifier, KeyScope
from schema.build import build
from schema.context import Context
from schema.reads.documents import Documents

CALLERS = 8
ROUNDS = 3
SECONDS = 0.8  # a way's turn in a round

Answer = Callable[[UUID], Awaitable[str]]


@dataclass
class Way:
    """One way to answer: the JSON for a customer's id, which "list" does not look at."""

    name: str
    answer: Answer
    measured: Measured = field(default_factory=Measured)


async def measure(name: str, database: Database) -> None:
    """Both queries on one database."""
    async with database.read() as session:
        ids = list((await session.exec(select(Customer.id).order_by(col(Customer.stripe_id)))).all())
    print(f"\nIn one process, without HTTP, {name}; {CALLERS} callers, {ROUNDS} rounds")
    for query, ways in ways_of(database).items():
        size = await compare(ways, ids[0])
        statements = [await count_statements(database, way, ids[0]) for way in ways]
        for _, way in itertools.product(range(ROUNDS), ways):
            await way.measured.turn(way.answer, itertools.cycle(ids), callers=CALLERS, seconds=SECONDS)
        report(query, size, ways, statements)


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
    one, many = by_hand.statements(database.dialect)
    schema, gateway = build(), StripeGateway("sk_test_00000000", account="acct_bench")
    context = Context(Runtime(database, gateway, lambda _: False), Caller("bench", KeyScope.READ), "request-1")
    ours = Ways(schema, Documents(schema._schema, introspection=True), context)  # noqa: SLF001 - as the endpoint does

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
            Way("ORM, select per relation", lambda key: load(lambda session: by_hand.one(session, key))),
        ],
        "list": [
            Way("one statement", lambda _: ours.at_once(LIST)),
            Way("the executor", lambda _: ours.execute(LIST)),
            Way("SQL by hand", lambda _: run(many_by_hand)),
            Way("ORM, select per relation", lambda _: load(by_hand.many)),
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
