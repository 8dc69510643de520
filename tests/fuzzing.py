"""Generated documents for every field of the schema's root, sent to a running server as each kind of caller.

The generator is the one that schemathesis uses for GraphQL. What that checks is the status alone, and a fault that is
masked, as GraphQL has it, is answered with 200; so it is looked for here. Ids are the generator's weak point: most of
those in a document are replaced by ones that there are.
"""

import json
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zlib import crc32

import graphql
import httpx
import hypothesis
from graphql import ArgumentNode, ObjectFieldNode, StringValueNode, ValueNode, Visitor, print_ast, visit
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from billing import keys, tokens
from billing.database import Database
from billing.runtime import utc_now
from billing.settings import Environment
from billing.tables import KeyScope
from schema.build import sdl
from tests.running_assent import PATIENCE, TOKEN_SECRET, RunningAssent
from tests.schema.worlds import World, create_world

SCHEMA = graphql.build_schema(sdl())
ROOTS = (SCHEMA.query_type, SCHEMA.mutation_type)
# What ends a customer or what the customer has agreed to leaves little for others to find.
LAST = ("revokeConsent", "redactCustomer")
FIELDS = sorted((name for root in ROOTS if root for name in root.fields), key=lambda name: name in LAST)

FAULTS = {"INTERNAL_SERVER_ERROR", "TIMEOUT"}
# Of ten ids in a document so many become ones that there are.
REAL = 8

SCALARS: Mapping[str, st.SearchStrategy[ValueNode]] = {
    "DateTime": (st.datetimes().map(lambda it: it.isoformat() + "Z") | st.text(string.printable)).map(nodes.String),
    "Decimal": (st.decimals(allow_nan=False, places=2).map(str) | st.text(string.digits + ".-eE")).map(nodes.String),
    "Currency": (st.sampled_from(["USD", "EUR", "JPY", "KWD", "XXX"]) | st.text(max_size=4)).map(nodes.String),
    "URL": st.sampled_from(
        ["https://shop.example/done", "http://127.0.0.1:8000/return", "javascript:alert(1)", "https://[", "//x", ""]
    ).map(nodes.String),
    "JSON": st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(max_size=20), max_size=3).map(
        lambda it: nodes.Object(
            [ObjectFieldNode(name=graphql.NameNode(value=key), value=nodes.String(it[key])) for key in it]
        )
    ),
}


@dataclass
class Target:
    """A server with something in it, and who may call it."""

    assent: RunningAssent
    callers: dict[str, str]
    world: World
    client: httpx.Client
    faults: list[str] = field(default_factory=list)
    sent: int = 0

    def send(self, document: str, caller: str, variables: dict[str, Any] | None = None) -> None:
        """Raises AssertionError where the server answers with a fault of its own."""
        self.sent += 1
        # Escaped, so that halves of characters can be sent, which JSON in UTF-8 has no bytes for.
        body = json.dumps({"query": document, "variables": variables or {}})
        headers = {"Authorization": f"Bearer {self.callers[caller]}", "Content-Type": "application/json"}
        answer = self.client.post("/graphql", content=body, headers=headers)
        codes = {each.get("extensions", {}).get("code") for each in answer.json().get("errors", ())}
        is_fault = answer.status_code >= 500 or codes & FAULTS
        assert not is_fault, (caller, document, variables, answer.text)


@contextmanager
def target(assent: RunningAssent) -> Iterator[Target]:
    """A running server, with everything of two customers in it. The second's token is one of the callers."""

    async def fill(database: Database) -> tuple[World, dict[str, str]]:
        async with database.transaction() as session:
            await create_world(session)
            world = await create_world(session)
            _, read = await keys.create(session, "reader", KeyScope.READ, utc_now(), environment=Environment.PRODUCTION)
        token, _ = tokens.issue(world.customer.id, [TOKEN_SECRET], utc_now(), life=timedelta(hours=6))
        return world, {"admin key": assent.key, "read key": read, "customer": token}

    world, callers = assent.within(fill)
    with httpx.Client(base_url=assent.base_url, trust_env=False, timeout=2 * PATIENCE) as client:
        yield Target(assent, callers, world, client)


def fuzz(target: Target, name: str, caller: str, examples: int) -> None:
    """Sends so many documents with this field. Raises AssertionError with the smallest that the server fails at."""

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # to make a document smaller takes minutes, and it is small
        print_blob=False,
    )
    @hypothesis.given(documents(name, target.world))
    def send(document: str) -> None:
        target.send(document, caller)

    send()


def documents(name: str, world: World) -> st.SearchStrategy[str]:
    """Documents that ask for this field of the root."""
    strategy: st.SearchStrategy[Any] = from_schema(
        SCHEMA, fields=[name], custom_scalars=SCALARS, print_ast=lambda node: print_ast(visit(node, Real(world)))
    )
    return strategy


class Real(Visitor):
    """Replaces most ids by ones that there are, always the same for the same, so that a document can be repeated."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.ids, self.stripe_ids = world.ids, world.stripe_ids

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        """`id`, `ids`, `stripeId` and the like of a field."""
        return self._replaced(node)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> Any:
        """The same of an input."""
        return self._replaced(node)

    def _replaced(self, node: Any) -> Any:
        name, written = node.name.value, crc32(print_ast(node).encode())
        known = self.stripe_ids if name == "stripeId" else self.ids
        if not name.lower().endswith(("id", "ids")) or name == "externalId" or written % 10 >= REAL:
            return None
        noun = next((each for each in known if each.replace("_", "") in name.lower()), None)
        chosen = known[noun] if noun else sorted(known.values())[written % len(known)]
        value: ValueNode = StringValueNode(value=chosen)
        return replace(node, value=nodes.List([value]) if name.endswith("ds") else value)


def rounds(fields: list[str], callers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every field with every caller."""
    for name in fields:
        for caller in callers:
            yield name, caller


def collect(target: Target, examples: int, told: Callable[[str], None]) -> list[str]:
    """The faults of all fields, each with its smallest document; `told` hears of each as it is found."""
    for name, caller in rounds(FIELDS, target.callers):
        try:
            fuzz(target, name, caller, examples)
        except AssertionError as fault:
            target.faults.append(f"{name} as {caller}: {fault.args[0] if fault.args else fault}")
            told(target.faults[-1])
    return target.faults
