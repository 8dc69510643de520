"""Consents: what a customer allowed, and how."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import case
from sqlmodel import col, select

from billing import tables, tokens
from billing.callers import CUSTOMER
from billing.consents import receipt, status_expression
from schema.catalogue import interval_of
from schema.connections import Connection
from schema.context import Context, Info
from schema.enums import ConsentChannel, ConsentStatus, ConsentUsage
from schema.nodes import Node
from schema.nouns import Customer, Product, Subscription, Terms
from schema.reads import NOW, among, column, constant, described, filled, many, money, node, one, paged, part
from schema.reads.declarations import COST
from schema.scalars import URL, Currency
from schema.values import BillingInterval, Money

table: Any = tables.Consent

STATUS = status_expression(NOW)
WITH_STATUS = among("status", ConsentStatus, STATUS, "Only those of these statuses.")
# Which of the merchant's keys it was is the merchant's own business.
RECORDER = case((table.recorded_by == constant(CUSTOMER), constant(CUSTOMER)), else_=constant("MERCHANT"))

_products = select(tables.ConsentProduct.product_id).where(tables.ConsentProduct.consent_id == table.id)


@described
class ConsentScope:
    """What the customer allowed. A null limit means that the terms set none."""

    usage: ConsentUsage = column(table.usage, "What kind of payments.")
    interval: BillingInterval | None = interval_of(table, "At most one scheduled payment in each; null for others.")
    currency: Currency | None = column(table.currency, "The only currency; null: any.")
    maximum_amount: Money | None = money(table.maximum_amount, table.currency, "Of one payment.")
    monthly_maximum: Money | None = money(
        table.monthly_maximum, table.currency, "Of all payments of a calendar month (UTC) together."
    )
    products: list[Product] | None = many(
        "What it is for; null: any product.",
        on=col(tables.Product.id).in_(_products),
        order=(tables.Product.name, tables.Product.id),
        when=_products.exists(),
    )
    maximum_subscriptions: int = column(table.maximum_subscriptions, "How many live subscriptions it carries.")


@described
class ConsentEvidence:
    """How the agreement was given: what a dispute needs as proof."""

    ip_address: str | None = column(table.ip_address, "The customer's address; null once it was removed.")
    user_agent: str | None = column(table.user_agent, "The customer's browser or app; null once it was removed.")
    locale: str | None = column(table.locale, "The language in which the customer was asked.")
    channel: ConsentChannel = column(table.channel, "Where the customer agreed.")
    recorded_by: str = column(
        table.recorded_by, "CUSTOMER, or the name of the API key, which is MERCHANT to customers.", customers=RECORDER
    )
    observed: bool = column(
        table.observed, "True where Assent itself saw address and device; false where the merchant reported them."
    )


@described
class Document:
    """A file behind a signed, short-lived address."""

    url: URL = strawberry.field(description="Opens the file for whoever has it.")
    expires_at: datetime = strawberry.field(description="When the address stops working.")
    media_type: str = strawberry.field(description="The file's type, e.g. application/pdf.")
    consent_id: strawberry.Private[UUID]

    @strawberry.field(description="The SHA-256 of the file as it is now, in hexadecimal.", metadata={COST: 1_000})
    async def sha256(self, info: Info) -> str:
        """Of the document as it would be opened now."""
        async with info.context.runtime.database.read() as session:
            evidence = await receipt.gather(session, self.consent_id)
        return hashlib.sha256(await receipt.write(evidence, info.context.now)).hexdigest()


def receipt_of(context: Context, consent_id: UUID) -> Document:
    """The consent's receipt, behind an address that opens it for the next minutes."""
    token, end = tokens.issue_document(consent_id, context.token_secrets, context.now)
    return Document(
        url=URL(f"{context.address}/documents/{token}"),
        expires_at=end,
        media_type="application/pdf",
        consent_id=consent_id,
    )


async def _receipt(context: Context, consent: dict[str, Any]) -> Document:
    return receipt_of(context, UUID(consent["id"]))


@described
@node(table, "consent", owner="customer_id")
class Consent(Node):
    """A customer's permission to be charged, within a scope. Its truth is in the customer's ledger."""

    customer: Customer = one("Whose it is.", on=tables.Customer.id == table.customer_id)
    terms: Terms = one("What was agreed to, as it was shown.", on=tables.Terms.id == table.terms_id)
    scope: ConsentScope = part("How far it goes.")
    status: ConsentStatus = column(STATUS, "Whether anything may still rest on it.")
    evidence: ConsentEvidence = part("How the agreement was given.")
    granted_at: datetime = column(table.created_at, "When the customer agreed.")
    expires_at: datetime | None = column(table.expires_at, "When it ends by itself; null: never.")
    revoked_at: datetime | None = column(table.revoked_at, "When the customer took it back.")
    receipt: Document = filled("The agreement as a document that a person or a bank can read.", _receipt, id=table.id)
    subscriptions: Connection[Subscription] = paged("What rests on it.", on=tables.Subscription.consent_id == table.id)
