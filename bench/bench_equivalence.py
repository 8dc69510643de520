"""Whether one statement and the executor give the same bytes: on both databases, for every kind of caller.

The documents are generated as those of the tests are, as many as are asked for. A document's number is its seed, so
that one that differs can be looked at again.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from graphql import parse, validate

from bench.measuring import migrated, running_databases
from billing.callers import Caller
from billing.database import Database
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import KeyScope
from schema.build import build
from schema.reads.documents import Documents
from tests import factories as make
from tests.schema.conftest import Client, token_of
from tests.schema.random_documents import Writer
from tests.schema.test_equivalence import answers_of, texts_of
from tests.schema.worlds import World, create_world

DOCUMENTS = 5000


@dataclass
class Counted:
    """What became of the documents; `whole` were answered by one statement."""

    asked: int = 0
    whole: int = 0
    refused: int = 0
    callers: Counter[str] = field(default_factory=Counter)
    differed: list[str] = field(default_factory=list)

    def add(self, kind: str, first: Any, executed: Any, told: str) -> None:
        """One document; the executor's answer is None where it told of an error."""
        self.asked += 1
        self.callers[kind] += 1
        self.whole += first is not None
        self.refused += executed is None
        if first is not None and first != executed:
            self.differed.append(told)


def main() -> None:
    """Compares and prints; ends with 1 if any differed."""
    parser = argparse.ArgumentParser(description="Compares the answers to generated documents.")
    parser.add_argument("documents", nargs="?", type=int, default=DOCUMENTS)
    documents = parser.parse_args().documents
    print(f"Equivalence: {documents:,} generated documents on each database")
    spawning = multiprocessing.get_context("spawn")
    with running_databases() as (_, urls), ProcessPoolExecutor(len(urls), spawning) as processes:
        counted = dict(zip(urls, processes.map(_run, urls.values(), [documents] * len(urls)), strict=True))
    for name, each in counted.items():
        callers = ", ".join(f"{number:,} as {kind}" for kind, number in sorted(each.callers.items()))
        print(
            f"  {name:12}{each.asked:,} documents ({callers}): {each.whole:,} answered whole by one statement,", end=" "
        )
        print(f"{each.refused:,} that the executor answers with an error; {len(each.differed)} differed")
        print(*each.differed[:5], sep="\n", end="\n" if each.differed else "")
    if any(each.differed for each in counted.values()):
        sys.exit(1)


def _run(url: str, documents: int) -> Counted:
    return asyncio.run(_compare(url, documents))


async def _compare(url: str, documents: int) -> Counted:
    async with migrated(url) as database:
        async with database.transaction() as session:
            worlds = [await create_world(session) for _ in range(2)]
            for _ in range(3):
                await make.create_invoice(session, worlds[0].customer)
        return await _ask(_client(database), worlds, documents)


def _client(database: Database) -> Client:
    """Without limits, for documents that select everything."""
    schema, gateway = build(), StripeGateway("sk_test_00000000", account="acct_bench", base="http://127.0.0.1:9")
    schema.extensions = ()
    runtime = Runtime(database, gateway, allows_redirect=lambda _: True, clock=lambda: make.NOW)
    return Client(schema, runtime, [])


async def _ask(client: Client, worlds: list[World], documents: int) -> Counted:
    schema, texts, counted = client.schema._schema, texts_of(*worlds), Counted()  # noqa: SLF001 - as the endpoint does
    kept, began = Documents(schema, introspection=True), time.monotonic()
    callers = [
        *((f"a key of scope {scope}", Caller("bench", scope)) for scope in KeyScope),
        *(("a customer", token_of(each.customer)) for each in worlds),
    ]
    for number in count():
        random = Random(f"bench {number}")  # noqa: S311 - the same documents each time
        writer = Writer(schema, random, texts)
        text = writer.document()
        if validate(schema, parse(text)):
            continue
        kind, caller = random.choice(callers)
        first, executed = await answers_of(client, kept, text, caller, (100,), **writer.variables)
        counted.add(kind, first, executed, f"{number}, {kind}: {text} {json.dumps(writer.variables)}")
        _show(counted, documents, began)
        if counted.asked >= documents:
            return counted
    raise AssertionError


def _show(counted: Counted, documents: int, began: float) -> None:
    if not counted.asked % 500:
        seconds = time.monotonic() - began
        print(f"{counted.asked:,} of {documents:,}, {seconds:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
