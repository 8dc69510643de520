"""A schema to ask, and who asks."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema

from billing.callers import Caller
from billing.database import Database
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import Customer, KeyScope
from schema.build import build
from schema.context import Context
from tests.factories import NOW

KEY = Caller("test", KeyScope.READ)


def token_of(customer: Customer) -> Caller:
    """The customer itself."""
    return Caller("CUSTOMER", customer_id=customer.id)


@dataclass
class Client:
    """Asks the schema without HTTP. `statements` are those that it took to answer since they were last forgotten."""

    schema: strawberry.Schema
    runtime: Runtime
    statements: list[str]

    async def execute(self, document: str, caller: Caller | None = KEY, **variables: Any) -> Any:
        """The whole result."""
        return await self.schema.execute(document, variables, self.context(caller))

    def context(self, caller: Caller | None) -> Context:
        """The context of a request."""
        return Context(self.runtime, caller, "request-1", "https://pay.example", ["s" * 32])

    async def ask(self, document: str, caller: Caller | None = KEY, **variables: Any) -> Any:
        """The data of an answer without errors."""
        result = await self.execute(document, caller, **variables)
        assert result.errors is None, result.errors
        return result.data

    async def refused(self, document: str, caller: Caller | None = KEY, **variables: Any) -> str:
        """The code of the only error."""
        result = await self.execute(document, caller, **variables)
        [error] = result.errors
        return str((error.extensions or {}).get("code"))


@pytest.fixture(scope="session")
def schema() -> strawberry.Schema:
    """The schema as development has it."""
    return build()


@pytest.fixture
def gateway() -> StripeGateway:
    """Reads never use it."""
    return StripeGateway("sk_test_00000000", account="acct_test", base="http://127.0.0.1:9")


@pytest.fixture
def client(schema: strawberry.Schema, database: Database, gateway: StripeGateway) -> Client:
    """A client of a database of its own."""
    statements: list[str] = []

    database.reader.on_statement.append(statements.append)
    return Client(schema, Runtime(database, gateway, allows_redirect=lambda _: True, clock=lambda: NOW), statements)


@pytest.fixture
def unlimited(client: Client) -> Client:
    """The same without limits, for documents that select everything."""
    schema = build()
    schema.extensions = ()
    return replace(client, schema=schema)


@pytest.fixture(scope="session")
def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """What Strawberry makes of it."""
    return schema._schema
