"""The journal and the API say the same: every object, every column, the same names, the same values."""

from datetime import timedelta
from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType
from sqlalchemy import Table

from billing.database import Database
from billing.journal.declared import JOURNALED, NOUNS
from billing.tables import Subscription
from schema.reads.types import sources_of
from tests import factories as make
from tests.factories import NOW
from tests.schema.conftest import KEY, Client
from tests.schema.test_changes import CHANGES
from tests.schema.worlds import create_world

# Of journaled tables, what no field shows by itself: keys, bookkeeping of ours, addresses and secrets.
UNTOLD = {
    "customers": "created_at redacted_at",
    "terms": "created_at permission timing amount_determination cancellation_policy body",
    "consents": "created_at customer_id terms_sha256 subscription_id channel recorded_by observed salts "
    "revocation_reason",
    "payment_methods": "created_at customer_id",
    "mandates": "created_at stripe_id payment_method_stripe_id",
    "setup_sessions": "created_at customer_id subscription_id url",
    "setup_intents": "created_at stripe_id customer_id consent_id mandate_stripe_id",
    "products": "created_at deleted_at",
    "prices": "created_at deleted_at",
    "subscriptions": "created_at customer_id pause_behavior",
    "subscription_items": "created_at stripe_id subscription_id",
    "holds": "created_at invoice_stripe_id subscription_id customer_id required resumes_at",
    "invoices": "created_at customer_id hosted_url pdf_url judged_as",
    "invoice_lines": "created_at stripe_id invoice_id position",
    "invoice_payments": "created_at stripe_id invoice_stripe_id is_default status",
    "payments": "created_at customer_id next_action_url client_secret succeeded_at confirm_by",
    "refunds": "created_at customer_id failure_reason",
    "disputes": "created_at customer_id",
}


def test_every_object_of_the_api_is_journaled(schema: strawberry.Schema) -> None:
    types: Any = schema._schema.type_map
    nodes = set(sources_of(schema._schema, types["Node"]))
    # The journal itself, and Stripe's events, which are its causes.
    assert nodes - set(NOUNS) == {"change", "stripe_event"}


def test_every_column_of_a_journaled_table_is_told_or_known_not_to_be() -> None:
    for table, declared in JOURNALED.items():
        columns: Table = table.__table__
        if columns.name == "operations":  # of which only that an outcome is unknown is shown
            continue
        untold = {each.key for each in columns.columns} - declared.columns - {"id"}
        assert untold == set(UNTOLD[columns.name].split()), columns.name


def test_what_is_told_has_the_names_that_the_api_has(schema: strawberry.Schema) -> None:
    built = schema._schema
    fields: dict[str, set[str]] = {noun: set() for noun in NOUNS}
    for type_ in built.type_map.values():
        if isinstance(type_, GraphQLObjectType) and any(
            isinstance(each, GraphQLInterfaceType) and each.name == "Node" for each in type_.interfaces
        ):
            [noun] = sources_of(built, type_)
            fields.setdefault(noun, set()).update(type_.fields)
    for declared in JOURNALED.values():
        assert {each.name for each in declared.fields} <= fields[declared.noun], declared.noun


PLAIN = {
    "customer": "externalId stripeId email name metadata deletedAt",
    "subscription": "status stripeStatus managed cancelAtPeriodEnd canceledAt stripeId trialEndsAt metadata",
    "invoice": "status number billingReason attemptCount stripeId nextPaymentAttemptAt",
    "payment": "status description stripeId metadata",
    "payment_method": "status type stripeId",
    "setup_session": "status offeredTypes expiresAt stripeCheckoutSessionId",
    "consent": "status expiresAt revokedAt",
    "price": "currency lookupKey trialDays selfService active stripeId",
    "refund": "status reason stripeId",
    "dispute": "status reason evidenceDueAt stripeId",
}


async def test_values_are_written_as_the_api_writes_them(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        await create_world(session)
    for each in (await client.ask(CHANGES, KEY))["changes"]["edges"]:
        noun = each["node"]["nodeId"].rsplit("_", 1)[0]
        if noun not in PLAIN:
            continue
        type_ = each["node"]["node"]["__typename"]
        document = f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_} {{ {PLAIN[noun]} }} }} }}"
        node = (await client.ask(document, id=each["node"]["nodeId"]))["node"]
        told = {one["field"]: one["after"] for one in each["node"]["fields"]}
        for name, value in node.items():
            assert told.get(name, value if value in (None, [], {}) else "untold") == value, (noun, name)


async def test_amounts_and_periods_are_objects_as_in_the_api(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        subscription = await make.create_subscription(
            session, customer, current_period_start=NOW, current_period_end=NOW + timedelta(days=30)
        )
        await make.create_invoice(session, customer, total=1500, currency="JPY")
    assert isinstance(subscription, Subscription)
    told = {
        one["field"]: one["after"]
        for each in (await client.ask(CHANGES))["changes"]["edges"]
        for one in each["node"]["fields"]
    }
    assert told["total"] == {"amount": "1500", "currency": "JPY"}
    assert told["currentPeriod"] == {"start": "2026-11-23T18:00:00Z", "end": "2026-12-23T18:00:00Z"}
