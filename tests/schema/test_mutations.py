"""Mutations: who may call them, and what their failures look like."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import strawberry
from graphql import Undefined

from billing.callers import Caller
from billing.runtime import Runtime
from billing.tables import KeyScope
from schema.build import build
from schema.context import Context

JOURNEY = Path(__file__).parent.parent.parent / "docs" / "journey"

READER, WRITER, ADMIN = (Caller(scope.value, scope) for scope in KeyScope)
STRANGER = Caller("CUSTOMER", customer_id=uuid4())

# DESIGN's table: the scope that a key needs, and whether a customer may act for itself.
RIGHTS = {
    "publishTerms": (KeyScope.ADMIN, False),
    "recordConsent": (KeyScope.WRITE, True),
    "revokeConsent": (KeyScope.WRITE, True),
    "createCustomer": (KeyScope.WRITE, False),
    "updateCustomer": (KeyScope.WRITE, True),
    "redactCustomer": (KeyScope.WRITE, False),
    "createCustomerToken": (KeyScope.WRITE, False),
    "createSetupSession": (KeyScope.WRITE, True),
    "expireSetupSession": (KeyScope.WRITE, True),
    "setDefaultPaymentMethod": (KeyScope.WRITE, True),
    "detachPaymentMethod": (KeyScope.WRITE, True),
    "chargePaymentMethod": (KeyScope.WRITE, False),
    "refundPayment": (KeyScope.WRITE, False),
    "payInvoice": (KeyScope.WRITE, True),
    "createProduct": (KeyScope.WRITE, False),
    "updateProduct": (KeyScope.WRITE, False),
    "createPrice": (KeyScope.WRITE, False),
    "updatePrice": (KeyScope.WRITE, False),
    "previewSubscription": (KeyScope.WRITE, True),
    "createSubscription": (KeyScope.WRITE, True),
    "updateSubscription": (KeyScope.WRITE, True),
    "cancelSubscription": (KeyScope.WRITE, True),
    "reactivateSubscription": (KeyScope.WRITE, True),
    "adoptSubscription": (KeyScope.WRITE, False),
    "pauseSubscription": (KeyScope.WRITE, False),
    "resumeSubscription": (KeyScope.WRITE, False),
    "previewDisputeEvidence": (KeyScope.WRITE, False),
    "submitDisputeEvidence": (KeyScope.WRITE, False),
    "replayStripeEvent": (KeyScope.ADMIN, False),
}

MONEY = {"amount": "15.00", "currency": "USD"}
SCOPE = {"usage": "RECURRING", "interval": {"unit": "MONTH"}, "currency": "USD"}
VALUES: dict[str, Any] = {
    "ID": "nothing",
    "String": "x",
    "Boolean": True,
    "Currency": "USD",
    "URL": "https://shop.example/",
    "ConsentUsage": "RECURRING",
    "MoneyInput": MONEY,
    "ConsentScopeInput": SCOPE,
    "SubscriptionItemInput": {"priceId": f"price_{uuid4()}"},
}


@pytest.fixture(scope="module")
def schema() -> strawberry.Schema:
    return build()


async def execute(
    schema: strawberry.Schema, runtime: Runtime, caller: Caller | None, document: str, variables: dict[str, Any]
) -> Any:
    context = Context(runtime, caller, "request-1", "https://pay.example", ["s" * 32])
    return await schema.execute(document, variables, context)


def smallest(schema: strawberry.Schema, name: str) -> tuple[str, dict[str, Any]]:
    """A document for the mutation, with the least input that is valid by its types."""
    mutation = schema._schema.mutation_type
    assert mutation is not None
    input_type = mutation.fields[name].args["input"].type.of_type
    document = f"mutation($input: {input_type.name}!) {{ {name}(input: $input) {{ error {{ __typename message }} }} }}"
    return document, {"input": least(input_type)}


def least(input_type: Any) -> dict[str, Any]:
    required = {key: field for key, field in input_type.fields.items() if str(field.type).endswith("!")}
    if not required:
        # Of which one, whichever, is to be given.
        name, field = next(iter(input_type.fields.items()))
        return {name: least(field.type)}
    return {key: value(str(field.type)) for key, field in required.items() if field.default_value is Undefined}


def value(type_: str) -> Any:
    bare = type_.strip("[]!")
    return [VALUES[bare]] if type_.startswith("[") else VALUES[bare]


def test_every_mutation_is_in_the_table_of_rights(schema: strawberry.Schema) -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    assert set(mutation.fields) == set(RIGHTS)


@pytest.mark.parametrize("name", RIGHTS)
async def test_only_those_may_call_who_have_the_right(schema: strawberry.Schema, runtime: Runtime, name: str) -> None:
    document, variables = smallest(schema, name)
    scope, customers = RIGHTS[name]
    allowed = {KeyScope.READ: {READER, WRITER, ADMIN}, KeyScope.WRITE: {WRITER, ADMIN}, KeyScope.ADMIN: {ADMIN}}[scope]
    for caller in (None, READER, WRITER, ADMIN, STRANGER):
        result = await execute(schema, runtime, caller, document, variables)
        codes = [(error.extensions or {}).get("code") for error in result.errors or []]
        if caller is None:
            assert codes == ["UNAUTHENTICATED"]
        elif caller in allowed or (customers and caller is STRANGER):
            assert codes == []
        else:
            assert codes == ["FORBIDDEN"]


@pytest.mark.parametrize(
    "name", [name for name, (_, customers) in RIGHTS.items() if customers and name != "previewSubscription"]
)
async def test_an_id_that_is_none_is_not_found_with_its_path(
    schema: strawberry.Schema, runtime: Runtime, name: str
) -> None:
    document, variables = smallest(schema, name)
    document = document.replace("__typename message", "__typename ... on NotFound { path id }")
    first, *others = [key for key in variables["input"] if key.endswith("Id")]
    variables["input"] |= {key: f"{snake(key.removesuffix('Id'))}_{uuid4()}" for key in others}
    kind = first.removesuffix("Id")
    for wrong in ("nothing", "", f"{snake(kind)}_{uuid4()}", f"price_{uuid4()}", f"{snake(kind)}_x"):
        variables["input"][first] = wrong
        result = await execute(schema, runtime, ADMIN, document, variables)
        assert result.errors is None
        assert result.data[name]["error"] == {"__typename": "NotFound", "path": ["input", first], "id": wrong}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


async def test_every_error_that_a_mutation_names_exists(schema: strawberry.Schema) -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert field.description is not None
        assert "Needs a key with" in field.description, name
        _, _, fails = field.description.partition("Fails with: ")
        for error in fails.removesuffix(".").split(", "):
            assert error in schema._schema.type_map, (name, error)


def journey(step: str) -> tuple[str, dict[str, Any]]:
    [document] = JOURNEY.glob(f"*-{step}.graphql")
    variables = json.loads(document.with_suffix(".json").read_text())
    if "externalId" in variables["input"]:
        # Stripe remembers a key for a day, and so does the sandbox that all tests share.
        variables["input"]["externalId"] = f"user-{uuid4().hex}"
    return document.read_text(), variables


async def test_the_objects_of_a_payload_are_read_with_the_clients_selection(
    schema: strawberry.Schema, runtime: Runtime
) -> None:
    _, variables = journey("create-customer")
    document = """mutation($input: CreateCustomerInput!) { createCustomer(input: $input) {
        again: customer { mail: email }
        customer { externalId metadata paymentMethods { edges { node { id } } pageInfo { hasNextPage } } }
        created error { message } } }"""
    result = await execute(schema, runtime, ADMIN, document, variables)
    assert result.errors is None
    assert result.data["createCustomer"] == {
        "again": {"mail": "jenny.rosen@example.com"},
        "customer": {
            "externalId": variables["input"]["externalId"],
            "metadata": {},
            "paymentMethods": {"edges": [], "pageInfo": {"hasNextPage": False}},
        },
        "created": True,
        "error": None,
    }


async def test_a_change_of_a_consent_has_one_effect_for_its_key(schema: strawberry.Schema, runtime: Runtime) -> None:
    terms = (await execute(schema, runtime, ADMIN, *journey("publish-terms"))).data["publishTerms"]["terms"]
    created = (await execute(schema, runtime, ADMIN, *journey("create-customer"))).data["createCustomer"]
    document, variables = journey("record-consent")
    wanted = variables["input"] | {"termsId": terms["id"], "customerId": created["customer"]["id"]}
    first = await execute(schema, runtime, ADMIN, document, {"input": wanted})
    again = await execute(schema, runtime, ADMIN, document, {"input": wanted})
    other = await execute(schema, runtime, ADMIN, document, {"input": wanted | {"channel": "PHONE"}})
    assert first.data["recordConsent"]["error"] is None
    assert again.data == first.data
    assert other.data["recordConsent"]["error"]["__typename"] == "IdempotencyMismatch"
    refused = await execute(
        schema, runtime, ADMIN, document, {"input": wanted | {"accepted": False, "idempotencyKey": "2"}}
    )
    assert refused.data["recordConsent"]["error"]["__typename"] == "InvalidInput"
