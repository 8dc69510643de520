"""A field is one line and a type is one file, as docs/reads.md says: its examples are put to work."""

import re
import sys
from pathlib import Path
from textwrap import indent
from types import ModuleType
from typing import Any

import pytest
from strawberry.schema.config import StrawberryConfig

from billing.database import Database
from schema.build import HIDDEN
from schema.masking import MaskingSchema
from schema.reads.reading import connect
from schema.scalars import SCALARS
from tests import factories as make
from tests import taken_back
from tests.schema.conftest import Client, token_of

ROOT = Path(__file__).parents[2]
FIELD, TYPE, ROOTS = re.findall(r"```python\n(.*?)\n```", (ROOT / "docs" / "reads.md").read_text(), re.DOTALL)

QUERY = """
from schema.connections import Connection
from schema.queries import by_id
from schema.reads import described, one, paged

@described
class Query:
    "What the page adds."

"""


def module(name: str, source: str, monkeypatch: pytest.MonkeyPatch, **names: Any) -> ModuleType:
    """The source as a file of `schema/` would be."""
    made = ModuleType(name)
    made.__dict__.update(names)
    monkeypatch.setitem(sys.modules, name, made)
    exec(compile(source, name, "exec"), made.__dict__)  # noqa: S102 - our own page
    return made


def asking(client: Client, query: type) -> Client:
    schema = MaskingSchema(query=query, types=HIDDEN, config=StrawberryConfig(scalar_map=SCALARS))
    connect(schema._schema)
    return Client(schema, client.runtime, client.statements)


async def test_a_field_is_one_line(client: Client, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # Payments lead to the type as it is, so the one with the line has another name.
    before = (ROOT / "schema" / "refunds.py").read_text().replace("class Refund(", "class Example(")
    refunds = module("schema.example_refunds", f"{before}{indent(FIELD, ' ' * 4)}\n", monkeypatch)
    root = f'{QUERY}    refund: Refund | None = one("One.", by_id("id", Refund))'
    query = module("schema.example_queries", root, monkeypatch, Refund=refunds.Example).Query
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        payment = await make.create_payment(session, customer, status="succeeded")
        refund = await taken_back.create_refund(session, payment, status="failed", failure_reason="lost_or_stolen_card")
    document = "query ($id: ID!) { refund(id: $id) { status failureReason } }"
    answer = await asking(client, query).ask(document, id=f"refund_{refund.id}")
    assert answer == {"refund": {"status": "FAILED", "failureReason": "lost_or_stolen_card"}}


async def test_a_type_is_one_file_and_keeps_to_whom_it_belongs(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = module("schema.example_holds", TYPE, monkeypatch).Hold
    query = module("schema.example_queries", QUERY + indent(ROOTS, " " * 4), monkeypatch, Hold=hold).Query
    async with database.transaction() as session:
        ada, grace = await make.create_customer(session), await make.create_customer(session)
        held = [await make.create_hold(session, await make.create_subscription(session, each)) for each in (ada, grace)]
    client = asking(client, query)
    client.statements.clear()
    document = "query ($id: ID!) { hold(id: $id) { message } holds { edges { node { subscription { stripeId } } } } }"
    of_grace = f"hold_{held[1].id}"
    assert (await client.ask(document, id=of_grace))["hold"] == {"message": held[1].message}
    assert len((await client.ask(document, id=of_grace))["holds"]["edges"]) == 2
    hers = await client.ask(document, token_of(ada), id=of_grace)
    assert (hers["hold"], len(hers["holds"]["edges"])) == (None, 1)
    assert len(client.statements) == 6, "one for each field of the root"
